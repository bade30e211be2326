/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The files of {@code SameDiff.save}, judged before SameDiff reads them.
 *
 * <p>Such a file is one FlatBuffer: tables that point at tables, texts and vectors by offsets. The stock reader follows every
 * offset, allocates whatever a length asks for, and hands the strides that a file names to native code, which follows them
 * outside its memory. {@link org.lora4j.internal.format.samediff.StoredGraph} walks everything that the stock reader would touch first:
 * every offset, length and text lies within the file, the whole covers the file's bytes at most once, and every array has the
 * elements that its shape and strides reach.
 *
 * <p>Knows neither ND4J nor SameDiff, whose sources ({@code FlatBuffersMapper}, {@code SameDiff.fromFlatBuffers},
 * {@code Nd4j.createFromFlatArray}, 1.0.0-M2.1) were read for behavior.
 */
package org.lora4j.internal.format.samediff;
