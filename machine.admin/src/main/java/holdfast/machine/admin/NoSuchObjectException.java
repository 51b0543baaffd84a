package holdfast.machine.admin;

import holdfast.backend.api.HoldfastException;
import java.util.List;

/** No memory backend has the id. */
public final class NoSuchObjectException extends AdminException {
  private static final long serialVersionUID = 1;

  private final String id;

  /**
   * @param known the ids that there are
   */
  public NoSuchObjectException(String id, List<String> known) {
    super("there is no memory backend '" + id + "'; there are " + String.join(", ", known));
    this.id = id;
  }

  /**
   * @param sentence names what asked for it, such as a device whose {@code memdev} it is
   */
  public NoSuchObjectException(String id, String sentence, HoldfastException cause) {
    super(sentence, cause);
    this.id = id;
  }

  /** Returns the id that was asked for. */
  public String id() {
    return id;
  }
}
