/**
 * Zip files of strangers: the directory ({@link org.lora4j.internal.format.zip.ZipDirectory}) is held against the length of the file
 * before anything is allocated, and entries ({@link org.lora4j.internal.format.zip.ZipBytes}) are decompressed a piece at a time, never
 * beyond the size that the directory says. Used by readers of formats that are zip files; knows the JDK only.
 *
 * <p>Source: PKWARE's APPNOTE 6.3, read for behavior.
 */
package org.lora4j.internal.format.zip;
