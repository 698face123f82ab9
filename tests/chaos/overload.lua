-- What wrk sends and counts: orders, each with words of its own.
local threads = {}

function setup(thread)
    thread:set("number", #threads)
    table.insert(threads, thread)
end

function init()
    sent, accepted, shed, silent, other = 0, 0, 0, 0, 0
end

function request()
    sent = sent + 1
    local body = string.format('{"county":"990103","title":"东门小区路灯不亮","text":"第 %d-%d 次","phone":"10000000001"}', number,
        sent)
    return wrk.format("POST", "/api/v1/orders", {["Content-Type"] = "application/json"}, body)
end

function response(status, headers)
    if status == 201 then
        accepted = accepted + 1
    elseif status == 503 or status == 429 then
        shed = shed + 1
        if not headers["Retry-After"] then silent = silent + 1 end
    else
        other = other + 1
    end
end

function done(summary, latency)
    local total = {accepted = 0, shed = 0, silent = 0, other = 0}
    for name in pairs(total) do
        for _, thread in ipairs(threads) do total[name] = total[name] + thread:get(name) end
    end
    local errors = summary.errors
    print(string.format('{"accepted":%d,"shed":%d,"silent":%d,"other":%d,"broken":%d,"seconds":%f,"p99_ms":%f}', total.accepted,
        total.shed, total.silent, total.other, errors.connect + errors.read + errors.write + errors.timeout,
        summary.duration / 1e6, latency:percentile(99) / 1e3))
end
