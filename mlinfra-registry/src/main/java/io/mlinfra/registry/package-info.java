/**
 * Versions of everything that is kept. Start at {@link io.mlinfra.registry.Registry}: it registers
 * content as a {@link io.mlinfra.registry.Version}, keeps for each training its {@link
 * io.mlinfra.registry.Run}, and lets an {@link io.mlinfra.registry.Alias} such as {@code champion}
 * point at one version of a model. {@link io.mlinfra.registry.Runs} tracks each time that something
 * was tried.
 *
 * <p>A registry is a folder, and needs nothing but the folder:
 *
 * <pre>
 * blobs/ab/abcdef…                         content, named by its SHA-256
 * versions/&lt;kind&gt;/&lt;name&gt;/&lt;number&gt;.json     one record per version, never changed
 * aliases/&lt;name&gt;/&lt;alias&gt;.json             where an alias points now
 * aliases/&lt;name&gt;/&lt;alias&gt;.history/&lt;n&gt;.json  every move of an alias, the first one is 1
 * runs/&lt;experiment&gt;/&lt;n&gt;.log               what a run logs, a line at a time
 * runs/&lt;experiment&gt;/&lt;n&gt;.&lt;revision&gt;.json   what became of it, once it has ended
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
 * <p>A log is the one file that grows in place. Each of its lines has a check: eight hexadecimal
 * digits of its CRC-32C, a space, the JSON. A last line that is not complete is what a killed
 * writer left, and is ignored; everything else must hold. Whoever makes the log has the run's
 * number, and is the only one who writes to it. When the run ends, its record keeps the log's
 * SHA-256; a tag that is added later makes a record of the next revision, and the one before it is
 * deleted.
 *
 * <p>Each record is a JSON object with the number of its {@code schema} and, as its last member, a
 * {@code check}: the SHA-256 of the bytes before that member. A folder may be copied, put under
 * version control or mounted read-only. Sharing it over a network needs a file system on which file
 * locks and atomic renames work.
 */
@NullMarked
package io.mlinfra.registry;

import org.jspecify.annotations.NullMarked;
