/**
 * The directory in which Hugging Face Transformers keeps a model: {@code config.json} and weights in safetensors files.
 *
 * <p>{@link org.lora4j.internal.format.huggingface.JsonObjectFile} reads the JSON files strictly, as plain Java values.
 * {@link org.lora4j.internal.format.huggingface.Checkpoint} shows the tensors of {@code model.safetensors}, or of all the shards
 * that {@code model.safetensors.index.json} names, as if they were one file. What the fields and tensors mean is for the
 * caller.
 *
 * <p>Files are hostile until proved otherwise: a shard is a file beside its index and never a path, index and shards
 * must agree in every tensor, and every failure is a {@link org.lora4j.error.ModelFormatException} that lists all that is
 * wrong.
 *
 * <p>This package works on bytes. It uses {@code error}, {@code format.safetensors} and Jackson.
 */
package org.lora4j.internal.format.huggingface;
