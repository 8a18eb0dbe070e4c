# pip's output as one line that counts packages, rewritten in place on a terminal; what went wrong is printed whole.
BEGIN {
    terminal = system("test -t 2") == 0
    printf "Installing about %d packages of pinned versions into .venv (about a minute the first time)\n", all
}
/^(Collecting|Requirement already satisfied)/ { seen++; show(seen " fetched") }
/^Installing collected packages/ { show("installing") }
/^(ERROR|error|WARNING: Hash|Traceback)/ { failed = 1 }
failed { if (terminal && seen) printf "\n" > "/dev/stderr"; seen = 0; print }
END { if (terminal) printf "\r%60s\r", "" > "/dev/stderr"; if (!failed) print "Installed." }

function show(what) {
    if (terminal) { printf "\r  %-50s", what > "/dev/stderr"; fflush("/dev/stderr") }
}
