package holdfast.itest.dax;

import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * The tests of a class boot guests. They are skipped where that can't be done, with one sentence
 * that says what is missing; unless the system property {@value #PROPERTY} is {@code required}:
 * then they fail with it.
 */
@Inherited
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
@ExtendWith(NeedsGuest.Condition.class)
@interface NeedsGuest {
  /** The system property. */
  String PROPERTY = "holdfast.test.guest";

  /** Asks for the image. */
  final class Condition implements ExecutionCondition {
    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
      if ("required".equals(System.getProperty(PROPERTY))) {
        return ConditionEvaluationResult.enabled("without an image it fails");
      }
      return GuestImage.whyNot()
          .map(ConditionEvaluationResult::disabled)
          .orElseGet(() -> ConditionEvaluationResult.enabled("there is an image"));
    }
  }
}
