package holdfast.machine.config;

/** Whether memory on a file is mapped for reading only: the values of the property {@code rom}. */
enum Rom {
  /** If its file is opened for reading only. */
  AUTO,
  /** Yes. */
  ON,
  /** No: stores go to private copies of the pages. */
  OFF
}
