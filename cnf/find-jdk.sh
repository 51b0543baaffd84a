# Sourced by the scripts: exports JAVA_HOME, a JDK that can build and run Holdfast, and MAVEN_OPTS, with which Maven is quiet on it.
# Ends the script that sources it when there is none. Another program is started only where Bash can't do without: each start of
# Holdfast waits for this.

# Sets `version` to that of the JDK in folder $1. The release file tells it without starting a JVM.
jdk_version() {
  local line
  version=
  [[ -x $1/bin/javac && -r $1/release ]] || return
  while IFS= read -r line; do
    if [[ $line =~ ^JAVA_VERSION=\"(.*)\"$ ]]; then
      version=${BASH_REMATCH[1]}
      return
    fi
  done < "$1/release"
}

# Whether folder $1 holds JDK 25 or newer; sets `version`, too.
jdk_suits() {
  jdk_version "$1"
  [[ $version =~ ^[0-9]+ ]] && ((BASH_REMATCH[0] >= 25))
}

# Sets JAVA_HOME to the first JDK that suits, or to nothing: JAVA_HOME, what is on PATH, then the newest in the usual folders.
find_jdk() {
  local version home folder tool folders tools=() found=()
  if [[ -n ${JAVA_HOME:-} ]] && jdk_suits "$JAVA_HOME"; then
    return
  fi
  JAVA_HOME=
  IFS=: read -r -a folders <<< "$PATH"
  for tool in javac java; do
    for folder in "${folders[@]}"; do
      if [[ -f ${folder:-.}/$tool && -x ${folder:-.}/$tool ]]; then
        tools+=("${folder:-.}/$tool")
      fi
    done
  done
  if ((${#tools[@]} > 0)); then
    while IFS= read -r tool; do
      home=${tool%/*/*}
      if jdk_suits "$home"; then
        JAVA_HOME=$home
        return
      fi
    done < <(readlink -f -- "${tools[@]}")
  fi
  for home in /usr/lib/jvm/* /usr/java/* /opt/*jdk* /opt/java/* ~/.sdkman/candidates/java/* ~/.jdks/*; do
    if jdk_suits "$home"; then
      found+=("$version"$'\t'"$home")
    fi
  done
  if ((${#found[@]} > 1)); then
    mapfile -t found < <(printf '%s\n' "${found[@]}" | sort -rV)
  fi
  if ((${#found[@]} > 0)); then
    JAVA_HOME=${found[0]#*$'\t'}
  fi
}

find_jdk
if [[ -z $JAVA_HOME ]]; then
  echo "holdfast: no JDK 25 or newer found: looked in JAVA_HOME, on PATH and under /usr/lib/jvm, /usr/java, /opt, ~/.sdkman and ~/.jdks; install one (for example the Debian package openjdk-25-jdk-headless) or set JAVA_HOME" >&2
  exit 1
fi
export JAVA_HOME
export MAVEN_OPTS="--enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow ${MAVEN_OPTS:-}"
