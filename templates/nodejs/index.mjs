export const handler = async (event, context) => {
  console.log(`request ${context.awsRequestId}: ${Object.keys(event).length} keys`);
  return { message: `Hello, ${event.key1 ?? "world"}!` };
};
