// What a handler gets as its context, in the order of members that each version of Lambda's client has.
"use strict";

const HEADER = (name) => `lambda-runtime-${name}`;

exports.setTrace = function setTrace(headers) {
  const trace = headers[HEADER("trace-id")];
  if (trace) {
    process.env._X_AMZN_TRACE_ID = trace;
  } else {
    delete process.env._X_AMZN_TRACE_ID;
  }
};

exports.environmentMembers = () => ({
  functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
  functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
  memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
  logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
  logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
});

exports.headerMembers = (headers) => ({
  clientContext: parsed(headers, "client-context", "ClientContext"),
  identity: parsed(headers, "cognito-identity", "CognitoIdentity"),
  invokedFunctionArn: headers[HEADER("invoked-function-arn")],
  awsRequestId: headers[HEADER("aws-request-id")],
  tenantId: headers[HEADER("aws-tenant-id")],
  getRemainingTimeInMillis: remaining(headers[HEADER("deadline-ms")]),
});

function parsed(headers, name, shown) {
  const text = headers[HEADER(name)];
  if (text === undefined) {
    return undefined;
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`Cannot parse ${shown} as json: ${error.toString()}`);
  }
}

function remaining(deadline) {
  return function () {
    return deadline - Date.now();
  };
}

// Version 4: all in one, and it must be complete.
exports.wholeContext = function wholeContext(headers, errors) {
  const fault = (message) => errors.make("PlatformError", message);
  const variables = ["FUNCTION_NAME", "FUNCTION_VERSION", "FUNCTION_MEMORY_SIZE", "LOG_GROUP_NAME", "LOG_STREAM_NAME"]
    .map((name) => `AWS_LAMBDA_${name}`)
    .filter((name) => !process.env[name]);
  if (variables.length > 0) {
    throw fault(`Missing required environment variables: ${variables.join(", ")}`);
  }
  const missing = ["invoked-function-arn", "aws-request-id", "deadline-ms"]
    .map(HEADER)
    .filter((name) => headers[name] === undefined);
  if (missing.length > 0) {
    throw fault(`Missing required headers: ${missing.join(", ")}`);
  }
  const deadline = Number.parseInt(headers[HEADER("deadline-ms")], 10);
  if (Number.isNaN(deadline)) {
    throw fault("Invalid deadline timestamp");
  }
  const read = (name) => {
    const text = headers[HEADER(name)];
    try {
      return text ? JSON.parse(text) : undefined;
    } catch (error) {
      throw fault(`Failed to parse ${HEADER(name)} as JSON: ${error.message}`);
    }
  };
  const { functionName, functionVersion, memoryLimitInMB, logGroupName, logStreamName } = exports.environmentMembers();
  return {
    clientContext: read("client-context"),
    identity: read("cognito-identity"),
    invokedFunctionArn: headers[HEADER("invoked-function-arn")],
    awsRequestId: headers[HEADER("aws-request-id")],
    tenantId: headers[HEADER("aws-tenant-id")],
    xRayTraceId: headers[HEADER("trace-id")],
    getRemainingTimeInMillis: remaining(deadline),
    functionName,
    functionVersion,
    memoryLimitInMB,
    logGroupName,
    logStreamName,
  };
};
