package holdfast.machine.config;

/** The values of the property {@code rom}: whether memory on a file is mapped for reading only. */
enum Rom {
  /** Read-only if its file is opened for reading only. */
  AUTO,
  /** Read-only. */
  ON,
  /** Writable: stores go to private copies of the pages. */
  OFF
}
