/**
 * Models that were tuned, where others run them: {@link org.lora4j.export.OnnxExport} writes into the ONNX file that the base
 * came in, {@link org.lora4j.export.HuggingFaceExport} a directory of Hugging Face, {@link org.lora4j.export.LoraExport} an
 * adapter of plain LoRA for engines that know nothing else. Decoder language models become a directory by {@link
 * org.lora4j.export.CausalLmExport}, a file of llama.cpp by {@link org.lora4j.export.GgufExport}, and their adapters one by
 * {@link org.lora4j.export.GgufAdapterExport}.
 *
 * <p>Each writes a directory that does not exist, whole or not at all, with a {@code README.md} that says what it is and how it
 * is loaded ({@link org.lora4j.export.ModelCard}). What cannot be written as it computes is refused, never left out.
 *
 * <p>Another place to land is a class here; its judge is the reader that its users have.
 */
package org.lora4j.export;
