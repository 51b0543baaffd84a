package holdfast.monitor.qmp.internal.command;

import holdfast.backend.api.HoldfastException;
import holdfast.machine.admin.NoSuchDeviceException;
import holdfast.machine.admin.NoSuchObjectException;

/** A command is not done. The message is what the client is told. */
public final class QmpException extends HoldfastException {
  private static final long serialVersionUID = 1;

  private final ErrorClass errorClass;

  /** The kinds of errors that clients distinguish (QAPI's QapiErrorClass). */
  public enum ErrorClass {
    /** Any that has no kind of its own. */
    GENERIC("GenericError"),
    /** There is no such command, or not at this moment. */
    COMMAND_NOT_FOUND("CommandNotFound"),
    /** There is no such device, object or path. */
    DEVICE_NOT_FOUND("DeviceNotFound");

    private final String word;

    ErrorClass(String word) {
      this.word = word;
    }

    /** Returns the word in an answer. */
    public String word() {
      return word;
    }
  }

  private QmpException(ErrorClass errorClass, String sentence) {
    super(sentence);
    this.errorClass = errorClass;
  }

  private QmpException(ErrorClass errorClass, HoldfastException cause) {
    super(cause.getMessage(), cause);
    this.errorClass = errorClass;
  }

  /** Returns an error that has no kind of its own. */
  public static QmpException generic(String sentence) {
    return new QmpException(ErrorClass.GENERIC, sentence);
  }

  /** Returns the error that there is no such command at this moment. */
  public static QmpException noCommand(String sentence) {
    return new QmpException(ErrorClass.COMMAND_NOT_FOUND, sentence);
  }

  /** Returns the error that there is no such device. */
  public static QmpException noDevice(String sentence) {
    return new QmpException(ErrorClass.DEVICE_NOT_FOUND, sentence);
  }

  /** Returns what a client is told of a failure. */
  public static QmpException of(HoldfastException failure) {
    return switch (failure) {
      case QmpException told -> told;
      case NoSuchDeviceException unknown -> new QmpException(ErrorClass.DEVICE_NOT_FOUND, unknown);
      case NoSuchObjectException unknown -> new QmpException(ErrorClass.GENERIC, unknown);
      default -> new QmpException(ErrorClass.GENERIC, failure);
    };
  }

  /** Returns its kind. */
  public ErrorClass errorClass() {
    return errorClass;
  }
}
