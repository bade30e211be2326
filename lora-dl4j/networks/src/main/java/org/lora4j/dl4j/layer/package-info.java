/**
 * Layers of Deeplearning4j with low-rank updates over frozen weights, for networks that are configured by hand and for
 * those that {@code org.lora4j.dl4j} rewrites.
 *
 * <p>A kind consists of a configuration ({@code LoraXxxLayer}, which extends the stock one, adds
 * {@link org.lora4j.dl4j.layer.LoraSettings}, and is generated from the layer table, {@code src/generator/layers.txt}), a running
 * layer ({@code XxxUpdates} in a room of {@code org.lora4j.internal.dl4j.layer}, which extends the stock one and has the forward
 * and the backward pass by hand), a line in {@code LayerKinds}, and a subclass of {@code LayerAdapterContract} among the tests.
 * Configurations keep their names: files hold them. {@code Bidirectional}, {@code LastTimeStep}, {@code TimeDistributed} and
 * {@code MaskZeroLayer} stay stock around adapted layers.
 */
package org.lora4j.dl4j.layer;
