/**
 * The safetensors file format: named tensors in one file.
 *
 * <p>A file is 8 bytes with the length N of the header (unsigned, little endian), N bytes of JSON that map each name to
 * {@code dtype}, {@code shape} and {@code data_offsets}, and the bytes of the tensors, little endian and row-major. The
 * optional entry {@code __metadata__} maps strings to strings.
 *
 * <p>A file is hostile until proved otherwise: {@link org.lora4j.format.safetensors.SafetensorsReader} checks the whole
 * header against the real length of the file before it allocates or maps anything, and is stricter than the reference
 * implementation in refusing duplicate and unknown keys.
 * {@link org.lora4j.format.safetensors.SafetensorsWriter} lays files out as the reference implementation does, so equal
 * input gives equal bytes.
 *
 * <p>This package works on bytes; turning them into arrays is for the caller. It uses {@code error} and Jackson's
 * streaming parser. A new element type is a line in {@link org.lora4j.format.DType}.
 *
 * <p>Source: the format section of the safetensors project's README and its {@code tensor.rs} (huggingface/safetensors).
 */
package org.lora4j.format.safetensors;
