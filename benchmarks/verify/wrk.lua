-- What wrk sends: a random line of a file each time. Arguments: the file, the scheme of the Authorization header, a number for the
-- random generator, and for introspection the caller's own token: then the line goes into the form.
local requests = {}

function init(arguments)
  local file, scheme, seed, caller = unpack(arguments)
  math.randomseed(tonumber(seed))
  for line in io.lines(file) do
    local headers, method, body = { ["Authorization"] = scheme .. " " .. (caller or line) }, "GET", nil
    if caller then
      method, body, headers["Content-Type"] = "POST", "token=" .. line, "application/x-www-form-urlencoded"
    end
    requests[#requests + 1] = wrk.format(method, nil, headers, body)
  end
end

function request()
  return requests[math.random(#requests)]
end

function done(summary, latency)
  local broken = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  io.write(string.format(
    '\n{"requests": %d, "seconds": %f, "refused": %d, "broken": %d, "p50": %f, "p99": %f}\n',
    summary.requests, summary.duration / 1e6, summary.errors.status, broken, latency:percentile(50), latency:percentile(99)
  ))
end
