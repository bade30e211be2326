/**
 * Layers of Deeplearning4j with low-rank updates over frozen weights, for networks that are configured by hand and for
 * those that {@code org.lora4j.dl4j} rewrites.
 *
 * <p>A kind consists of a configuration ({@code LoraXxxLayer}, which extends the stock one and adds
 * {@link org.lora4j.dl4j.layer.LoraSettings}), a running layer ({@code XxxUpdates}, which extends the stock one and has the
 * forward and the backward pass by hand), a line in {@link org.lora4j.dl4j.layer.LayerKinds}, and a subclass of
 * {@code LayerAdapterContract} among the tests. Names of parameters, start values, gradient views and the answers that keep
 * frozen parameters frozen are shared: {@code LoraParameters}, {@code FrozenAnswers}. The low-rank arithmetic is
 * {@code LowRank}; what other methods do to a weight they say themselves, and {@code FormedWeight} lets a layer multiply the
 * result. Vertices of graphs with weights of their own have a table too, {@link
 * org.lora4j.dl4j.layer.VertexKinds}. The kinds of attention, whose stock layers give gradients twice too large, share
 * {@code MultiHeadAttention}. Recurrent kinds share {@code RecurrentUpdates}: they walk through time by themselves, and
 * all that can be done for all steps at once is done there. {@code Bidirectional}, {@code LastTimeStep}, {@code
 * TimeDistributed} and {@code MaskZeroLayer} stay stock around adapted layers: {@code Wrappers}. May use {@code config},
 * {@code error}, {@code array}, {@code method} and DL4J.
 */
package org.lora4j.dl4j.layer;
