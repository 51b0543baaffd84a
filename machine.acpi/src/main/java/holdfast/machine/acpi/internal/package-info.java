/**
 * The tables. Reading order: {@link holdfast.machine.acpi.internal.Fields} (numbers as tables have
 * them), {@link holdfast.machine.acpi.internal.Guid}, {@link
 * holdfast.machine.acpi.internal.TableHeader}; {@link holdfast.machine.acpi.internal.Nfit}, {@link
 * holdfast.machine.acpi.internal.Srat}; {@link holdfast.machine.acpi.internal.Ssdt} with its parts
 * {@link holdfast.machine.acpi.internal.SharedPage}, {@link
 * holdfast.machine.acpi.internal.DeviceMethods} and {@link
 * holdfast.machine.acpi.internal.FitMethod}.
 */
@NullMarked
package holdfast.machine.acpi.internal;

import org.jspecify.annotations.NullMarked;
