/**
 * What the formats of tensor files have in common: named tensors of an element type and a shape, read a piece at a time.
 *
 * <p>{@link org.lora4j.format.TensorFile} is what a reader offers; there is one for each format, in a package below. All
 * give the bytes of a tensor little endian and row-major, whatever the file does, so that a caller needs to know neither
 * the format nor its variants. A new format is a package with a class that implements it.
 *
 * <p>This package works on bytes and uses {@code error} only.
 */
package org.lora4j.format;
