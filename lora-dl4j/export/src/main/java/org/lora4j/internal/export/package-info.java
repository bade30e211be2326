/**
 * How exports are made: where an ONNX graph has the weights of a module, nodes that are added behind its outputs, and the files
 * of directories of Hugging Face. A decoder is a {@link
 * org.lora4j.internal.export.DecoderSource}, whose tensors are computed one after the other; {@link
 * org.lora4j.internal.export.GgufLlama} and {@link org.lora4j.internal.export.GgufVocabulary} say it in llama.cpp's terms.
 */
package org.lora4j.internal.export;
