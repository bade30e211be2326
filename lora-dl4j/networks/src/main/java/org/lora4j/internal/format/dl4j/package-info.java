/**
 * The zip files of Deeplearning4j's {@code ModelSerializer}, as far as they can be read and judged without Deeplearning4j.
 *
 * <p>Such a file holds {@code configuration.json}, {@code coefficients.bin} (all parameters in one array) and, if wanted,
 * {@code updaterState.bin}. The stock reader makes whatever class the JSON names, and reads further entries by Java
 * deserialization. Here {@link org.lora4j.internal.format.dl4j.NetworkConfiguration} holds every class that the JSON names against a
 * list before anything is made of it, {@link org.lora4j.internal.format.dl4j.NetworkZip} bounds what is unpacked, and
 * {@link org.lora4j.internal.format.dl4j.StoredArray} reads the head of an array, so that its size is known before it is allocated.
 * {@link org.lora4j.internal.format.dl4j.SavedAdapters} is an entry of our own: which adapters a saved model has and in which state.
 *
 * <p>Knows neither ND4J nor Deeplearning4j, whose sources ({@code ModelSerializer}, {@code BaseDataBuffer.write},
 * 1.0.0-M2.1) were read for behavior.
 */
package org.lora4j.internal.format.dl4j;
