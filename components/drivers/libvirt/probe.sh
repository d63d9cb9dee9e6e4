# What this host's kernel enforces, for all machines at once: reads, never writes, and starts no process per machine.
# One line per fact, `end` last: `nic <device> <rate to it> <rate from it>`, `cpu <uuid> <quota> <period>`,
# `filter <device>`, `lacks <kernel part>`, `unknown <nics|cpus|filters> <why>`. `-` is none, `?` is not to be read.
LC_ALL=C; export LC_ALL
PATH=$PATH:/usr/sbin:/sbin; export PATH

there() { command -v "$1" >/dev/null 2>&1; }

# tc tells no device's name beside its classes, so that in a batch a command that it refuses marks where each ends.
nics() {
  if ! there ip || ! there tc; then
    echo 'unknown nics ip or tc is not installed'
    return
  fi
  links=$(ip -o link show | awk -F': ' '{ sub(/@.*/, "", $2); if ($2 != "lo") print $2 }')
  queues=$(tc qdisc show) || { echo 'unknown nics tc can not list the queues'; return; }
  queued=$(printf '%s\n' "$queues" | awk '$4 == "dev" && $2 ~ /^(htb|ingress|clsact)$/ { print $5 }' | sort -u)
  printf '%s\n--\n%s\n' "$queued" "$links" | awk '
    $0 == "--" { rest = 1; next }
    !rest { queued[$0] = 1; next }
    !($0 in queued) && $0 != "" { print "nic", $0, "-", "-" }'
  whole=
  there stdbuf && whole='stdbuf -oL'
  for nic in $queued; do
    printf 'class show dev %s\nfilter show dev %s parent ffff:\n@%s\n' "$nic" "$nic" "$nic"
  done | $whole tc -force -batch - 2>&1 | awk '
    function rate(i) { for (i = 1; i < NF; i++) if ($i == "rate") return $(i + 1); return "-" }
    function clear() { inbound = "-"; outbound = "-"; broken = 0; marked = 0 }
    BEGIN { clear() }
    /^Object "@/ {
      name = $2; gsub(/["@,]/, "", name)
      if (!broken) print "nic", name, inbound, outbound
      clear(); marked = 1; next
    }
    /^Command failed/ { if (!marked) broken = 1; marked = 0; next }
    /^class htb 1:1 / { inbound = rate(); next }
    outbound == "-" && !/^class/ { outbound = rate() }'
}

# A machine may use what the tightest group above its threads allows.
cpus() {
  grep -azH -A1 --no-group-separator -e '^-uuid$' /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' '\n' | awk '
    function number(file, got, line) {
      line = ""; got = (getline line < file); close(file)
      return got > 0 ? line : ""
    }
    function allowed(group, said, quota, period) {
      if (group in known) return known[group]
      said = ""
      if (version == 1) {
        quota = number(root group "/cpu.cfs_quota_us"); period = number(root group "/cpu.cfs_period_us")
        if (quota != "" && period != "") said = quota < 0 ? "- -" : quota " " period
      } else {
        said = number(root group "/cpu.max")
        if (said != "") said = said ~ /^max/ ? "- -" : said
      }
      known[group] = said
      return said
    }
    BEGIN {
      while ((getline < "/proc/mounts") > 0) {
        if ($3 == "cgroup" && ("," $4 ",") ~ /,cpu,/) { root = $2; version = 1 }
        if ($3 == "cgroup2" && version != 1) { root = $2; version = 2 }
      }
      if (!version) print "unknown cpus no cgroups are mounted"
    }
    version && match($0, /^\/proc\/[0-9]+\/cmdline-/) {
      uuid = tolower(substr($0, RLENGTH + 1)); pid = $0
      gsub(/^\/proc\/|\/cmdline-.*$/, "", pid)
      if (length(uuid) != 36 || uuid ~ /[^0-9a-f-]/) next
      group = "?"
      file = "/proc/" pid "/cgroup"
      while ((getline line < file) > 0) {
        split(line, part, ":")
        named = ("," part[2] ",") ~ /,cpu,/
        if (version == 1 ? named : part[1] == "0") group = substr(line, length(part[1] part[2]) + 3)
      }
      close(file)
      # Seen from inside a cgroup namespace, what is not below is of another host on the same machine.
      if (group == "?" || group ~ /^\/\.\./) next
      sub(/\/(emulator|vcpu[0-9]+|iothread[0-9]+)$/, "", group)
      if (group == "/") group = ""
      least = ""; tightest = "?"
      for (;;) {
        said = allowed(group)
        if (said != "" && tightest == "?") tightest = "-"
        if (said != "" && said != "- -") {
          split(said, part, " ")
          if (least == "" || part[1] / part[2] < least) { least = part[1] / part[2]; tightest = said }
        }
        if (group == "") break
        sub(/\/[^\/]*$/, "", group)
      }
      if (tightest == "?") print "cpu", uuid, "?", "?"
      else if (tightest == "-") print "cpu", uuid, "-", "-"
      else print "cpu", uuid, tightest
    }'
}

# Chains of libvirt that frames from a guest go through, and that hold anything. Over nftables, ebtables can't list its
# rules while another guest's are being put in force.
filters() {
  there ebtables || { echo 'unknown filters ebtables is not installed'; return; }
  for pause in 0.1 0.2 0.4 0; do
    table=$(ebtables -t nat -L) && break
    table=
    sleep "$pause"
  done
  [ -n "$table" ] || { echo 'unknown filters ebtables can not list its rules'; return; }
  printf '%s\n' "$table" | awk '
    /^Bridge chain: / { chain = $3; sub(/,$/, "", chain); entries[chain] = $5 + 0; next }
    chain == "PREROUTING" && $1 == "-i" { for (i = 2; i < NF; i++) if ($i == "-j") jump[$2] = $(i + 1) }
    END { for (tap in jump) if (entries[jump[tap]] > 0 && jump[tap] == "libvirt-I-" tap) print "filter", tap }'
}

kernel() {
  { zcat /proc/config.gz || cat "/boot/config-$(uname -r)"; } 2>/dev/null | awk '
    /^# CONFIG_NET_(SCH_HTB|SCH_SFQ|SCH_INGRESS|CLS_FW|CLS_U32|ACT_POLICE) is not set/ {
      sub(/^CONFIG_NET_/, "", $2); print "lacks", tolower($2)
    }'
}

nics
cpus
filters
kernel
echo end
