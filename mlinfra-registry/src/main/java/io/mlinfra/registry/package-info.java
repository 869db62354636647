/**
 * Versions of everything that is kept. Start at {@link io.mlinfra.registry.Registry}: it registers
 * content as a {@link io.mlinfra.registry.Version}, keeps for each training its {@link
 * io.mlinfra.registry.Run}, and lets an {@link io.mlinfra.registry.Alias} such as {@code champion}
 * point at one version of a model.
 *
 * <p>A registry is a folder, and needs nothing but the folder:
 *
 * <pre>
 * blobs/ab/abcdef…                         content, named by its SHA-256
 * versions/&lt;kind&gt;/&lt;name&gt;/&lt;number&gt;.json     one record per version, never changed
 * aliases/&lt;name&gt;/&lt;alias&gt;.json             where an alias points now
 * aliases/&lt;name&gt;/&lt;alias&gt;.history/&lt;n&gt;.json  every move of an alias, the first one is 1
 * registry.json                            whether it is encrypted, and with which keys
 * lock                                     held by whoever writes
 * </pre>
 *
 * <p>A file is written under a temporary name ({@code .….tmp}), forced to the disk and then
 * renamed, so that it is there wholly or not at all; content comes before the record that refers to
 * it, and a move of an alias before the alias. Readers therefore need no lock. What a crashed
 * writer leaves behind is a temporary file, content that no record refers to, or a move that the
 * alias did not make: nobody ever reads any of these, and temporary files may be deleted while
 * nobody writes.
 *
 * <p>Each record is a JSON object with the number of its {@code schema} and, as its last member, a
 * {@code check}: the SHA-256 of the bytes before that member. A folder may be copied, put under
 * version control or mounted read-only. Sharing it over a network needs a file system on which file
 * locks and atomic renames work.
 */
@NullMarked
package io.mlinfra.registry;

import org.jspecify.annotations.NullMarked;
