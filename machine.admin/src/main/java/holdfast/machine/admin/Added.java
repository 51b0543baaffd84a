package holdfast.machine.admin;

/**
 * The outcome of adding an object or a device.
 *
 * @param status what was added, as it is now
 * @param retention whether it is there at the next start
 * @param <S> {@link ObjectStatus} or {@link DeviceStatus}
 */
public record Added<S>(S status, Retention retention) {}
