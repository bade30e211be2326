/**
 * The Deeplearning4j host: finds the modules of a network ({@link org.lora4j.dl4j.NetworkModules}) and attaches adapters to
 * them ({@link org.lora4j.dl4j.AdaptedNetwork}).
 *
 * <p>The base network is never changed. For each state of a model a network is built whose layers come from {@link
 * org.lora4j.dl4j.layer}; values of adapters are written to it and collected from it. What differs between networks of
 * layers and graphs is in {@code NetworkAccess}. Zip files of networks, also of strangers, are read by {@link
 * org.lora4j.dl4j.NetworkFile}. {@link org.lora4j.dl4j.RowNetwork} runs a base whose layers ask what to add for the
 * rows of a batch. {@link org.lora4j.dl4j.CachedNetwork} trains with what lies below all that learns computed once.
 * Does not know SameDiff.
 */
package org.lora4j.dl4j;
