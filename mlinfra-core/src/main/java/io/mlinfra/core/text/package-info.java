/**
 * What results look like to people: {@link io.mlinfra.core.text.TextTable} for a shell, {@link
 * io.mlinfra.core.text.Html} for a notebook, {@link io.mlinfra.core.text.Format} for numbers in
 * both. For the library's own parts.
 */
@NullMarked
package io.mlinfra.core.text;

import org.jspecify.annotations.NullMarked;
