/**
 * Checkpoints of a training run as files: what one holds ({@link org.lora4j.internal.checkpoint.CheckpointContent}) and the
 * directory that keeps the last ones ({@link org.lora4j.internal.checkpoint.CheckpointFolder}).
 *
 * <p>A checkpoint is one safetensors file, written under another name, forced to the disk and renamed. Its values carry
 * a checksum, so that a damaged file is told from a sound one, and the one before it is used instead. Knows nothing of
 * training.
 */
package org.lora4j.internal.checkpoint;
