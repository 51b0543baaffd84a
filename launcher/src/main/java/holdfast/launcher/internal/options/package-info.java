/**
 * The option grammar: from the text of a command line option, or from a configuration, to checked
 * and typed properties.
 *
 * <p>The way of an option: {@link holdfast.launcher.internal.options.QemuOpts}, {@link
 * holdfast.launcher.internal.options.Keyval} or {@link
 * holdfast.launcher.internal.options.JsonOptions} reads its syntax into {@link
 * holdfast.launcher.internal.options.Options}; a {@link
 * holdfast.launcher.internal.options.TypeDefinition} checks these into a {@link
 * holdfast.launcher.internal.options.ParsedObject}. What is accepted and what is refused is as in
 * QEMU; the sentences are this project's own. All types are immutable, and each refusal is an
 * {@link holdfast.launcher.internal.options.OptionException}.
 */
@NullMarked
package holdfast.launcher.internal.options;

import org.jspecify.annotations.NullMarked;
