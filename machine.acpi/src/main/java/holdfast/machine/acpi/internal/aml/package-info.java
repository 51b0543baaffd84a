/**
 * Writes ACPI Machine Language, so that a table reads in Java like its source in ASL. Reading
 * order: {@link holdfast.machine.acpi.internal.aml.Aml} (a piece of it, lengths and names), {@link
 * holdfast.machine.acpi.internal.aml.Data} (constants), {@link
 * holdfast.machine.acpi.internal.aml.Declarations} (what gets a name), {@link
 * holdfast.machine.acpi.internal.aml.Expressions} and {@link
 * holdfast.machine.acpi.internal.aml.Statements} (what methods do).
 *
 * <p>Names, opcodes and encodings are those of ACPI 6.4, chapter 20, "ACPI Machine Language (AML)
 * Specification". Each constant has its shortest encoding, as ACPICA's compiler chooses it.
 */
@NullMarked
package holdfast.machine.acpi.internal.aml;

import org.jspecify.annotations.NullMarked;
