/**
 * Versions of everything that is kept. Start at {@link io.mlinfra.registry.Registry}: it registers
 * content as a {@link io.mlinfra.registry.Version}, keeps for each training its {@link
 * io.mlinfra.registry.Run}, and lets an {@link io.mlinfra.registry.Alias} such as {@code champion}
 * point at one version of a model. A model that another tool exported comes in as an {@link
 * io.mlinfra.registry.OnnxImport}. An {@link io.mlinfra.registry.EvaluationReport} says how a model
 * did; a {@link io.mlinfra.registry.PromotionPolicy}, how well it must do to get an alias. {@link
 * io.mlinfra.registry.Runs} tracks each time that something was tried.
 *
 * <p>A registry is a folder, and needs nothing but the folder:
 *
 * <pre>
 * blobs/ab/abcdef…                         content, named by its SHA-256
 * versions/&lt;kind&gt;/&lt;name&gt;/&lt;number&gt;.json     one record per version, changed once: when it is deleted
 * aliases/&lt;name&gt;/&lt;alias&gt;.json             where an alias points now: a copy of its last move
 * aliases/&lt;name&gt;/&lt;alias&gt;.history/&lt;n&gt;.json  every move of an alias, the first one is 1
 * runs/&lt;experiment&gt;/&lt;n&gt;.log               what a run logs, a line at a time
 * runs/&lt;experiment&gt;/&lt;n&gt;.&lt;revision&gt;.json   what became of it, once it has ended
 * audit/&lt;n&gt;.json                           the audit log: what was done, entry by entry
 * audit/head.json                          how many entries are done, and the hash of the last
 * policies/&lt;name&gt;/&lt;alias&gt;.json            what a version must meet to get an alias
 * registry.json                            whether it is encrypted, and with which keys
 * lock                                     held by whoever writes
 * </pre>
 *
 * <p>A file is written under a temporary name ({@code .….tmp}), forced to the disk and then
 * renamed, so that it is there wholly or not at all; content comes before the record that refers to
 * it. Readers therefore need no lock. What a crashed writer of versions leaves behind is a
 * temporary file, or content that no record refers to: nobody ever reads either, and garbage
 * collection removes them.
 *
 * <p>What changes something (a move of an alias, a deletion) is an entry of the audit log first,
 * then it is done, and then the head tells so. An entry behind the head is what a writer has begun:
 * whoever writes next finishes it, so that nothing happens without an entry, and nothing that has
 * an entry stays undone, also if the writer was told of a failure of the disk. Entries are chained
 * by their hashes, and moves and tombstones carry the hash of their entry; {@link
 * io.mlinfra.registry.Registry#verify() verify} holds them against each other. Whoever may write to
 * the folder and takes the trouble can write a whole new history, chain and all: against that, keep
 * {@link io.mlinfra.registry.Registry#auditHead() the head} elsewhere.
 *
 * <p>A bundle is one version with all that it was made from, as a zip file: a {@code manifest.json}
 * and then contents and records under the names above, as they are, or were before encryption. It
 * has no compression and no times, so that the same versions are the same bytes.
 *
 * <p>A log is the one file that grows in place. Each of its lines has a check: eight hexadecimal
 * digits of its CRC-32C, a space, the JSON. A last line that is not complete is what a killed
 * writer left, and is ignored; everything else must hold. Whoever makes the log has the run's
 * number, and is the only one who writes to it. When the run ends, its record keeps the SHA-256 of
 * the log, as it is before encryption; a tag that is added later makes a record of the next
 * revision, and the one before it is deleted.
 *
 * <p>Each record is a JSON object with the number of its {@code schema} and, as its last member, a
 * {@code check}: the SHA-256 of the bytes before that member. A folder may be copied, put under
 * version control or mounted read-only. Sharing it over a network needs a file system on which file
 * locks and atomic renames work.
 */
@NullMarked
package io.mlinfra.registry;

import org.jspecify.annotations.NullMarked;
