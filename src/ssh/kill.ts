// How a program is ended together with what it started, on any POSIX system; only Linux tells who started whom.

/**
 * Text for a POSIX shell whose first argument is a process id. Parents are stopped before their children are looked for, so that none is
 * started meanwhile. Behind the last `)` of a process's line stand its state and its parent. (proc(5), /proc/<pid>/stat)
 */
export const KILL_TREE = `end() {
  kill -STOP "$1"
  for file in /proc/[0-9]*/stat; do
    read -r line < "$file" || continue
    line=\${line##*') '}
    line=\${line#* }
    [ "\${line%% *}" = "$1" ] || continue
    child=\${file#/proc/}
    end "\${child%/stat}"
  done
  kill -KILL "$1"
}
exec 2>/dev/null
end "$1"
kill -KILL -- "-$1"
:`
