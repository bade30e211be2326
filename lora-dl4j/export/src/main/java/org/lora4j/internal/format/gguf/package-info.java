/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Files of GGUF, version 3, as llama.cpp reads them: metadata, then the names, shapes and types of tensors, then their rows.
 * {@link org.lora4j.internal.format.gguf.GgufWriter} writes them, one row at a time; what is in them is for the caller.
 */
package org.lora4j.internal.format.gguf;
