-- Posts one payload, checks every answer against it, and ends with one line of JSON for benchmarks/wrk.py.

local threads = {}

function setup(thread)
   table.insert(threads, thread)
end

local function plain(text)
   return (text:gsub("%s", ""))
end

function init(arguments)
   local file = assert(io.open(arguments[1], "rb"))
   wrk.method = "POST"
   wrk.body = file:read("*a")
   file:close()
   wrk.headers["Content-Type"] = "application/json"
   wrk.headers["Authorization"] = arguments[2]
   wanted = plain(wrk.body)
   status_wanted = 200
   if arguments[3] then
      -- An invocation type whose answer has no body.
      wrk.headers["X-Amz-Invocation-Type"] = arguments[3]
      status_wanted = tonumber(arguments[4])
   end
   right = { [wrk.body] = true }
   wrong = 0
   checked = 0
end

-- Some serialise with blanks: an answer that was found right once is compared by its bytes from then on.
function response(status, headers, body)
   checked = checked + 1
   if status_wanted ~= 200 then
      if status ~= status_wanted then
         wrong = wrong + 1
      end
      return
   end
   if status == 200 and right[body] then
      return
   end
   if status == 200 and plain(body) == wanted then
      right[body] = true
      return
   end
   wrong = wrong + 1
end

function done(summary, latency, requests)
   local all_wrong, all_checked = 0, 0
   for _, thread in ipairs(threads) do
      all_wrong = all_wrong + thread:get("wrong")
      all_checked = all_checked + thread:get("checked")
   end
   local errors = summary.errors
   io.write(string.format(
      'BENCHMARK {"requests": %d, "seconds": %.6f, "p50_us": %.3f, "p99_us": %.3f, "checked": %d, "wrong": %d, '
      .. '"connect": %d, "read": %d, "write": %d, "timeout": %d}\n',
      summary.requests, summary.duration / 1e6, latency:percentile(50), latency:percentile(99),
      all_checked, all_wrong, errors.connect, errors.read, errors.write, errors.timeout
   ))
end
