package holdfast.machine.admin;

/**
 * The outcome of a change of one property.
 *
 * @param requested the value that was asked for, in its canonical form
 * @param inForce the value that is in force; another one only for {@code prealloc=off}, since pages
 *     that are present stay so
 * @param retention whether it holds at the next start
 */
public record PropertyChange(String requested, String inForce, Retention retention) {}
