package holdfast.machine.acpi;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * The tests of a class run ACPICA's {@code iasl} and {@code acpiexec}. They are skipped where these
 * are missing, with one sentence; unless the system property {@value #PROPERTY} is {@code
 * required}: then they fail.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
@ExtendWith(NeedsAcpica.Condition.class)
@interface NeedsAcpica {
  /** The system property. */
  String PROPERTY = "holdfast.test.acpica";

  /** Looks for the programs. */
  final class Condition implements ExecutionCondition {
    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
      if ("required".equals(System.getProperty(PROPERTY))) {
        return ConditionEvaluationResult.enabled("without the programs it fails");
      }
      return Acpica.isThere()
          ? ConditionEvaluationResult.enabled("the programs are there")
          : ConditionEvaluationResult.disabled(
              "there is no iasl or no acpiexec on PATH: install the Debian package acpica-tools");
    }
  }
}
