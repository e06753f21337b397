# What TAB offers after LINE: zsh on a terminal of its own, with a `compadd` that writes down what it is given.
cp script _milvus-gke-l7
cat > rc <<'RC'
PS1= RPS1=
fpath=($PWD $fpath)
autoload -U compinit && compinit -u -D
compadd() {
    [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]] && { builtin compadd "$@"; return }
    local -a hits
    builtin compadd -A hits "$@"
    print -l -- $hits >> hits
}
: > ready
RC
zmodload zsh/zpty
until_there() { for (( i = 0; i < 200; i++ )); do zpty -r -t shell seen; [[ -e $1 ]] && return; sleep 0.05; done; exit 1 }
rm -f ready hits ended
zpty shell zsh -f -i
zpty -w shell 'source ./rc'
until_there ready
zpty -w -n shell $'milvus-gke-l7 LINE\t'
zpty -w shell $'\C-u: > ended'
until_there ended
zpty -d shell
[[ -e hits ]] && cat hits
