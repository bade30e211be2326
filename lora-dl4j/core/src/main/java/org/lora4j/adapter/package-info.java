/**
 * An adapter as a value: its config and its tensors by module path, in PEFT's shapes, loaded from and saved to PEFT's
 * directories.
 *
 * <p>{@link org.lora4j.adapter.Adapter} knows nothing of networks: whatever can list its modules can host it. Conversion
 * of element types happens here, when arrays are made ({@code ElementCodec}); what makes an adapter sound is checked in
 * one place ({@code AdapterChecks}); how a directory is replaced without a moment at which neither the old nor the new
 * adapter can be loaded is {@code StagedFiles}.
 *
 * <p>Knows neither SameDiff nor DL4J. A new element type is a line in {@code ElementCodec}.
 */
package org.lora4j.adapter;
