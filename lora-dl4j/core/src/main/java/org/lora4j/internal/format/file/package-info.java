/**
 * Files of a caller, whatever their format: only regular ones are read ({@link org.lora4j.internal.format.file.RegularFile}); they
 * are written whole or not at all, interrupted or not: one file ({@link org.lora4j.internal.format.file.WholeFile}), several of a
 * directory ({@link org.lora4j.internal.format.file.StagedFiles}) or a directory ({@link
 * org.lora4j.internal.format.file.StagedDirectory}), by one writer at a time where several files belong together ({@link
 * org.lora4j.internal.format.file.WriteLock}), or, where others read along, grow ({@link
 * org.lora4j.internal.format.file.GrowingFile}); and what went wrong is told from the facts ({@link
 * org.lora4j.internal.format.file.FileProblem}). No other package writes, moves or removes files of callers.
 *
 * <p>Uses nothing else of the library.
 */
package org.lora4j.internal.format.file;
