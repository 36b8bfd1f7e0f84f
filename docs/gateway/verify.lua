-- The action `http-request lua.verify` of haproxy.cfg: asks the portal about the request's token. A valid one sets the variables
-- txn.verified and txn.x_auth_*; everything else ends the request with the portal's own answer, or with 503 where there is none.

local PORTAL = "http://127.0.0.1:8000/verify"
-- Milliseconds. The portal answers within 2 seconds even when its database is down.
local TIMEOUT = 3000
local TO_SERVICE = { "x-auth-user", "x-auth-role", "x-auth-token-name", "x-auth-token-expires" }
local TO_CLIENT = { "content-type", "www-authenticate", "retry-after" }

-- HAProxy counts the values of a header from 0, and wants them counted from 1 when it is to send them.
local function values(headers, name)
    local found = {}
    for n = 0, headers[name] and #headers[name] or -1 do
        found[#found + 1] = headers[name][n]
    end
    return found
end

local function reject(txn, response)
    local reply = txn:reply({ status = 503 })
    local status = response and response.status or 0
    if status >= 400 then
        reply:set_status(status)
        reply:set_body(response.body or "")
        for _, name in ipairs(TO_CLIENT) do
            for _, value in ipairs(values(response.headers, name)) do
                reply:add_header(name, value)
            end
        end
    end
    txn:done(reply)
end

core.register_action("verify", { "http-req" }, function(txn)
    local response = core.httpclient():get({
        url = PORTAL,
        timeout = TIMEOUT,
        headers = {
            ["authorization"] = values(txn.http:req_get_headers(), "authorization"),
            ["x-forwarded-for"] = { tostring(txn.f:src()) },
        },
    })
    if not response or response.status ~= 204 then
        return reject(txn, response)
    end
    for _, name in ipairs(TO_SERVICE) do
        txn:set_var("txn." .. name:gsub("-", "_"), values(response.headers, name)[1])
    end
    txn:set_var("txn.verified", true)
end)
