# Sourced by the scripts: exports JAVA_HOME, a JDK that can build and run Holdfast, and MAVEN_OPTS, with which Maven is quiet on it.
# Ends the script that sources it when there is none.

# Prints the version of the JDK in folder $1. The release file tells it without starting a JVM.
jdk_version() {
  [[ -x $1/bin/javac && -r $1/release ]] && sed -n 's/^JAVA_VERSION="\(.*\)"$/\1/p' "$1/release"
}

# Whether folder $1 holds JDK 25 or newer.
jdk_suits() {
  local version
  version=$(jdk_version "$1") && [[ $version =~ ^[0-9]+ ]] && ((BASH_REMATCH[0] >= 25))
}

# Prints the first JDK that suits: JAVA_HOME, what is on PATH, then the newest in the usual folders.
find_jdk() {
  local home tool
  if [[ -n ${JAVA_HOME:-} ]] && jdk_suits "$JAVA_HOME"; then
    printf '%s\n' "$JAVA_HOME"
    return
  fi
  while read -r tool; do
    home=$(dirname "$(dirname "$(readlink -f "$tool")")")
    if jdk_suits "$home"; then
      printf '%s\n' "$home"
      return
    fi
  done < <(type -ap javac java)
  for home in /usr/lib/jvm/* /usr/java/* /opt/*jdk* /opt/java/* ~/.sdkman/candidates/java/* ~/.jdks/*; do
    if jdk_suits "$home"; then
      printf '%s\t%s\n' "$(jdk_version "$home")" "$home"
    fi
  done | sort -rV | head -n 1 | cut -f 2-
}

JAVA_HOME=$(find_jdk)
if [[ -z $JAVA_HOME ]]; then
  echo "holdfast: no JDK 25 or newer found: looked in JAVA_HOME, on PATH and under /usr/lib/jvm, /usr/java, /opt, ~/.sdkman and ~/.jdks; install one (for example the Debian package openjdk-25-jdk-headless) or set JAVA_HOME" >&2
  exit 1
fi
export JAVA_HOME
export MAVEN_OPTS="--enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow ${MAVEN_OPTS:-}"
