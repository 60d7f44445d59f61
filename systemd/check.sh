#!/bin/bash
# Proves on a real systemd what relay.service and relay.socket promise, with the real daemon. It changes /etc/relay,
# /var/lib/relay and the units' drop-ins: run it as root on a machine made for it, where relay is installed in
# /opt/relay/venv and both units lie in /etc/systemd/system.
# Each line is a promise: "ok" or "FAIL". Exit status 0: all of them hold.
set -u
U=relay
CONFIG=/etc/relay/relay.toml
STATE=/var/lib/private/relay
PATH=/opt/relay/venv/bin:$PATH
WORK=$(mktemp -d)
passed=0
failed=0

# ---- telling
ok() { if [ "$1" = 0 ]; then passed=$((passed + 1)); echo "ok   $2"; else failed=$((failed + 1)); echo "FAIL $2${3:+: $3}"; fi; }
is() { [ "$2" = "$3" ]; ok $? "$1" "want '$3', got '$2'"; }
has() { [[ $2 == *"$3"* ]]; ok $? "$1" "'$3' is not in: ${2:0:500}"; }
title() { echo "--- $1 ($(date +%T))"; }

# ---- asking
prop() { systemctl show $U -p "$1" --value; }
code() { curl -s -m "${2:-10}" -o /dev/null -w '%{http_code}' "http://127.0.0.1:8081$1"; }
admin() { python3 -c 'import json,sys; print(json.load(open("/run/relay/admin.json"))[sys.argv[1]])' "$1"; }
api() { curl -s -m 10 -H "Authorization: Bearer $(admin token)" "http://127.0.0.1:8081/api/v1/$1"; }
field() { python3 -c 'import json,sys
d = json.load(sys.stdin)
for k in sys.argv[1:]: d = d[int(k)] if isinstance(d, list) else d[k]
print(d)' "$@"; }
score() { systemd-analyze security --no-pager $U.service | sed -n 's/.*Overall exposure level.*: \([0-9.]*\) .*/\1/p'; }
journal() { journalctl --sync; journalctl -u $U -o cat --no-pager "$@"; }
within() { local end=$((SECONDS + $1)); shift; while ! "$@"; do [ $SECONDS -lt $end ] || return 1; sleep 0.1; done; }
says() { [ "$(code "$1" 2)" = "$2" ]; }
got() { [ "$(sort -u "$WORK/got" 2>/dev/null | grep -c "^$1")" -ge "$2" ]; }
restarts_over() { [ "$(prop NRestarts)" -gt "$1" ]; }
post() { curl -s -m "${3:-10}" -o /dev/null -w '%{http_code}' -H "Authorization: Bearer ${SECRET:-demo-1}" \
    -d "{\"id\": \"$1\"}" "http://127.0.0.1:8080/in/${2:-demo}"; }

# ---- arranging
dropin() { mkdir -p "/run/systemd/system/$1.d"; printf '%s\n' "${@:2}" >"/run/systemd/system/$1.d/check.conf"; systemctl daemon-reload; }
undrop() { rm -rf /run/systemd/system/$U.*.d; systemctl daemon-reload; }
again() { systemctl reset-failed $U.service $U.socket 2>/dev/null; systemctl restart $U.socket $U.service; }
sink() { systemd-run -q --unit=sink --collect -p Restart=no python3 "$WORK/sink.py" "$WORK/got"; within 5 curl -s -o /dev/null -d x http://127.0.0.1:9999/; }
config() { cat >$CONFIG <<TOML
[store]
min_free = "4MiB"
[source.demo]
verify = { type = "bearer" }
secret = ${1:-\"demo-1\"}
id = "body.id"
[target.print]
url = "log:"
[target.sink]
url = "http://127.0.0.1:9999/"
[target.slow]
url = "http://127.0.0.1:9999/slow"
[route.all]
from = ["demo"]
to = ["print", "sink"]
${2:-}
TOML
chmod 644 $CONFIG; }

cat >"$WORK/sink.py" <<'PY'
"""A target: writes the id of each event it took, a line each; at /slow it takes two seconds over it."""
import http.server, json, sys, time
class Taker(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/slow":
            time.sleep(2)
        try:
            name = json.loads(body)["id"]
        except ValueError:
            name = "?"
        with open(sys.argv[1], "a") as out:
            print(name, self.headers.get("Relay-Attempt"), file=out)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(("127.0.0.1", 9999), Taker).serve_forever()
PY
cat >"$WORK/load.py" <<'PY'
"""Posts events for some seconds, a connection each; prints how many ended how, and the slowest."""
import asyncio, collections, sys, time
async def client(number, end, ends, slow):
    n = 0
    while time.time() < end:
        n += 1
        body = b'{"id": "load-%s-%d-%d"}' % (sys.argv[2].encode(), number, n)
        begun = time.time()
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", 8080)
            writer.write(b"POST /in/demo HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer demo-1\r\nConnection: close\r\n"
                         b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
            answer = await reader.read()
            ends[answer[9:12].decode() or "empty"] += 1
            writer.close()
        except OSError as error:
            ends[type(error).__name__] += 1
        slow.append(time.time() - begun)
        await asyncio.sleep(0.01)
async def main():
    end, ends, slow = time.time() + float(sys.argv[1]), collections.Counter(), []
    await asyncio.gather(*[client(number, end, ends, slow) for number in range(4)])
    print(*[f"{how}={count}" for how, count in sorted(ends.items())], f"slowest={max(slow):.1f}s")
asyncio.run(main())
PY

title "the units"
is "systemd is up" "$(systemctl is-system-running)" running
is "systemd-analyze verify says nothing" "$(systemd-analyze verify --man=no /etc/systemd/system/$U.{service,socket} 2>&1)" ""
systemd-analyze security --no-pager --threshold=13 $U.service >/dev/null; ok $? "security score is at most 1.3 ($(score))"

title "start"
install -d -m 755 /etc/relay; install -d -m 700 /etc/credstore; config; sink
systemctl start $U.socket; is "the socket alone does not start relay" "$(systemctl is-active $U.service)" inactive
systemctl start $U; ok $? "start succeeds"
is "start waited until relay is ready" "$(code /readyz) $(prop SubState)" "200 running"
[ -n "$(prop StatusText)" ]; ok $? "STATUS= is shown ($(prop StatusText))"
is "an event is taken" "$(post first)" 200
within 5 got first 1; ok $? "and delivered"
within 5 eval 'journal | grep -q first'; ok $? "and printed to the journal by the log: target"
is "relay is nobody's user" "$(ps -o user= -p "$(prop MainPID)")" relay
is "the state directory is that user's alone" "$(stat -L -c '%a %U' /var/lib/relay) $(readlink /var/lib/relay)" "700 relay private/relay"
is "the files in it are that user's alone" "$(find $STATE -type f ! -perm 600)" ""
is "admin.json is that user's alone" "$(stat -c '%a %U' /run/relay/admin.json)" "600 relay"
levels=$(journalctl -u $U -o json --no-pager _PID="$(prop MainPID)" | python3 -c 'import json,sys
lines = [json.loads(line) for line in sys.stdin]
print(sorted({int(line["PRIORITY"]) for line in lines}), any(str(line["MESSAGE"]).startswith("<") for line in lines))')
is "journal lines carry their priority: warnings 4, news 6" "$levels" "[4, 6] False"

title "commands"
status=$(env -i PATH="$PATH" relay status 2>&1); ok $? "relay status, as root and without a word, finds the daemon" "$status"
has "and shows its targets" "$status" sink
has "relay events lists what came" "$(relay events --json 2>&1)" '"first"'
! setpriv --reuid 65534 --clear-groups relay events >"$WORK/nobody" 2>&1; ok $? "another user may not" "$(cat "$WORK/nobody")"
[[ $(cat "$WORK/nobody") != *Traceback* ]]; ok $? "and is told so: $(cat "$WORK/nobody")"

title "reload"
pid=$(prop MainPID)
config '"demo-1"' $'[source.second]\nverify = "none"\n[route.second]\nfrom = ["second"]\nto = ["sink"]'
systemctl reload $U; ok $? "a good file is taken"
is "a source that it adds listens, in the same process" "$(post second second) $(prop MainPID)" "200 $pid"
config '"demo-1"' $'[target.broken]\nurll = "x"'
! systemctl reload $U 2>/dev/null; ok $? "a file with a mistake fails the reload"
is "relay lives on with the old file" "$(systemctl is-active $U) $(post third second) $(prop MainPID)" "active 200 $pid"
has "the journal says where the mistake is" "$(journal)" "$CONFIG:1"
problems=$(relay reload 2>&1); is "relay reload exits 1" "$?" 1
has "and says where the mistake is" "$problems" "$CONFIG:1"; has "and what" "$problems" target.broken.urll
config; systemctl reload $U; ok $? "the repaired file is taken"

title "restart"
python3 "$WORK/load.py" 8 restart >"$WORK/load" & load=$!
sleep 0.5; for _ in 1 2 3 4 5; do systemctl restart $U; done; wait $load
echo "     five restarts under load: $(cat "$WORK/load")"
[[ $(cat "$WORK/load") =~ ^200=[0-9]+\ slowest ]]; ok $? "no connection is refused, reset or put off" "$(cat "$WORK/load")"
taken=$(sed 's/^200=\([0-9]*\).*/\1/' "$WORK/load")
within 30 got load-restart "$taken"; ok $? "every event that was acknowledged is delivered ($taken)" "$(sort -u "$WORK/got" | grep -c load-restart)"
relay audit >/dev/null; ok $? "relay audit finds the sums right"
relay pause sink >/dev/null; ok $? "a target is paused"
for n in 1 2 3 4 5; do post "wait-$n" >/dev/null; done
systemctl restart $U
is "deliveries that wait outlive a restart, and so does the pause" "$(api audit | field deliveries pending) $(grep -c '^wait' "$WORK/got")" "5 0"
relay resume sink >/dev/null; within 10 got wait 5; ok $? "and arrive when the target is resumed"
post killed >/dev/null; n=$(prop NRestarts); kill -KILL "$(prop MainPID)"
within 15 restarts_over "$n" && within 10 says /readyz 200; ok $? "killed, it is started again"
has "with what it had" "$(relay events --json --key killed)" '"killed"'

title "stop"
config '"demo-1"' $'[route.slow]\nfrom = ["demo"]\nto = ["slow"]'; systemctl reload $U
post drained >/dev/null; sleep 0.3
systemctl stop $U 2>/dev/null
is "stop lets a running attempt end, and exits 0" "$(prop Result) $(prop ExecMainStatus) $(grep -c '^drained' "$WORK/got")" "success 0 2"
is "the next connection starts it" "$(post restarted)" 200
within 10 got restarted 1; sleep 2.5; relay events --json --key drained >"$WORK/events"
is "and it knows what was delivered" "$(field events 0 state <"$WORK/events") $(grep -c '^drained' "$WORK/got")" "delivered 2"
printf '#!/bin/sh\nsleep 2\necho ended >>/var/lib/relay/program\n' >/usr/local/bin/on-event; chmod 755 /usr/local/bin/on-event
config '"demo-1"' $'[target.program]\nurl = "exec:/usr/local/bin/on-event"\n[route.program]\nfrom = ["demo"]\nto = ["program"]'
systemctl reload $U; post program >/dev/null; sleep 0.5; systemctl stop $U 2>/dev/null
is "stop lets a program end that an exec: target runs" "$(prop Result) $(cat $STATE/program)" "success ended"
systemctl start $U
config; systemctl reload $U

title "a hang"
# SIGKILL for SIGABRT: a stopped process is woken to take a SIGABRT, and may accept the connection before it does
dropin $U.service '[Service]' WatchdogSec=2s WatchdogSignal=SIGKILL; again
n=$(prop NRestarts); kill -STOP "$(prop MainPID)"
is "a sender that comes meanwhile is answered by the next process" "$(post hanging demo 25)" 200
[ "$(prop NRestarts)" -gt "$n" ]; ok $? "the watchdog has killed and restarted it"
dropin $U.service '[Service]' WatchdogSec=2s; again
n=$(prop NRestarts); kill -STOP "$(prop MainPID)"
within 15 restarts_over "$n" && within 10 says /readyz 200; ok $? "and so it does by its own signal"
has "the journal says so" "$(journal)" "Watchdog timeout"
has "with the traceback" "$(journal)" "Fatal Python error: Aborted"
n=$(prop NRestarts); sleep 7; is "one that is well is left alone" "$(prop NRestarts)" "$n"

title "a full disk"
systemctl stop $U.socket $U.service 2>/dev/null; rm -rf "${STATE:?}"; mkdir -p -m 700 /var/lib/private $STATE
mount -t tmpfs -o size=32m,mode=0700 full $STATE; again
is "an event is taken" "$(post before)" 200
n=$(prop NRestarts)
head -c 64M /dev/zero >$STATE/ballast 2>/dev/null
within 6 says /readyz 503; ok $? "/readyz is 503 within 5 s, without a request" "$(code /readyz)"
is "/livez stays 200, /health fails" "$(code /livez) $(code /health)" "200 503"
is "senders are asked to come again" "$(post during)" 503
has "by Retry-After" "$(curl -s -m 5 -D - -o /dev/null -H 'Authorization: Bearer demo-1' -d '{"id": "x"}' http://127.0.0.1:8080/in/demo | tr A-Z a-z)" retry-after
sleep 7; is "it is no restart loop, although the watchdog is at 2 s" "$(prop NRestarts) $(code /livez)" "$n 200"
timeout 30 systemctl restart $U; sleep 4
is "nor is a start on the full disk" "$(prop NRestarts) $(systemctl is-active $U) $(code /livez) $(code /readyz)" "0 active 200 503"
rm $STATE/ballast
within 6 says /readyz 200; ok $? "/readyz is back within 5 s of the space, without a request" "$(code /readyz)"
is "and events are taken again" "$(post after)" 200
within 10 got after 1; ok $? "and delivered"
relay audit >/dev/null; ok $? "and relay audit finds the sums right"
systemctl stop $U.socket $U.service 2>/dev/null; umount $STATE; undrop

title "a bad start"
config nonsense; systemctl start $U.socket
! systemctl start $U 2>/dev/null; ok $? "a file with a mistake fails the start at once"
has "the journal says where" "$(journal -n 30)" "$CONFIG:5"
n=$(prop NRestarts); sleep 5; m=$(prop NRestarts)
[ $((m - n)) -ge 1 ] && [ $((m - n)) -le 3 ]; ok $? "it is tried again every two seconds, not faster ($((m - n)) in 5 s)"
is "the socket goes on listening" "$(systemctl is-active $U.socket)" active
post patient demo 25 >"$WORK/patient" & patient=$!
sleep 0.5; config; wait $patient; is "a sender that waits is answered when the file is repaired" "$(cat "$WORK/patient")" 200

title "credentials"
printf 'admin-token-1' >/etc/credstore/relay.admin; printf 'demo-2' >/etc/credstore/relay.demo; chmod 600 /etc/credstore/*
config '{ credential = "demo" }' $'[admin]\ntoken = { credential = "admin" }'
dropin $U.service '[Service]' LoadCredential=demo:relay.demo; again
is "a source's secret comes from one" "$(post old) $(SECRET=demo-2 post new)" "401 200"
call() { curl -s -m 5 -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $1" http://127.0.0.1:8081/api/v1/events; }
is "the API's token comes from one" "$(call admin-token-1) $(call admin-token-2)" "200 401"
relay status >/dev/null; ok $? "relay status, as root, finds it"
relay check; ok $? "relay check, which sees no credential, warns and exits 0"
systemctl reload $U; ok $? "reload works with it"
rm /etc/credstore/relay.demo
! systemctl restart $U 2>/dev/null; is "a missing one fails the start as a mistake in the file" "$(prop ExecMainStatus)" 2
has "and the journal says which" "$(journal -n 30)" "source.demo.secret"
is "the socket goes on listening" "$(systemctl is-active $U.socket)" active
printf 'demo-2' >/etc/credstore/relay.demo; is "and it starts by itself when the file is there" "$(SECRET=demo-2 post late demo 25)" 200

title "the end"
for secret in demo-1 demo-2 admin-token-1; do ! journal | grep -q "$secret"; ok $? "no secret stands in the journal ($secret)"; done
! journal | grep -q 'Traceback'; ok $? "nor a traceback of an exception"
systemctl stop $U.socket $U sink; is "relay stops cleanly" "$(prop Result) $(systemctl is-active $U)" "success inactive"
echo "$passed passed, $failed failed"
[ $failed = 0 ]
