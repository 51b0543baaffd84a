package holdfast.backend.mmap;

/** What is at the path of a block's file before the block is made. */
enum Found {
  NOTHING,
  EMPTY_FILE,
  FULL_FILE,
  /** The path is that of a folder. */
  FOLDER,
  /** The memory has no file with a name. */
  NO_PATH
}
