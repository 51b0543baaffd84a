package holdfast.machine.config.options;

/**
 * The answer to {@code help} or {@code ?}: to be printed, with nothing started.
 *
 * @param text some lines, each with its line feed
 */
public record HelpText(String text) implements OptionResult {}
