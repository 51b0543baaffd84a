package holdfast.machine.migration.internal.stream;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * The tests of a class run a QEMU. They are skipped where it is missing, with one sentence; unless
 * the system property {@value #PROPERTY} is {@code required}: then they fail.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
@ExtendWith(NeedsQemu.Condition.class)
public @interface NeedsQemu {
  /** The system property, which is that of the tests with guests. */
  String PROPERTY = "holdfast.test.guest";

  /** Looks for the program. */
  final class Condition implements ExecutionCondition {
    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
      if ("required".equals(System.getProperty(PROPERTY))) {
        return ConditionEvaluationResult.enabled("without QEMU it fails");
      }
      return Qemu.isThere()
          ? ConditionEvaluationResult.enabled("QEMU is there")
          : ConditionEvaluationResult.disabled(
              "there is no "
                  + Qemu.PROGRAM
                  + " on PATH: install the Debian package qemu-system-x86");
    }
  }
}
