/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.cache;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.api.FwdPassType;
import org.deeplearning4j.nn.conf.CacheMode;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.WorkspaceMode;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.graph.vertex.GraphVertex;
import org.deeplearning4j.nn.graph.vertex.VertexIndices;
import org.deeplearning4j.nn.graph.vertex.impl.FrozenVertex;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.lora4j.internal.cache.BatchMemory;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * As {@link CachingLayers}, for graphs.
 *
 * @apiNote Status: internal
 */
public final class CachingGraph extends ComputationGraph implements Caching {

    private static final long serialVersionUID = 1;

    private transient BatchMemory memory;

    /** Whether a vertex lies below the cut, by its index. */
    private transient boolean[] below;

    /** What is kept: vertices and what the memory calls them. */
    private transient Map<String, String> kept;

    /** In place of the vertices in backward passes: gradients end at frozen ones. */
    private transient GraphVertex[] ends;

    private transient boolean steps;

    public CachingGraph(ComputationGraphConfiguration conf) {
        super(conf);
    }

    /** {@inheritDoc} In-memory savers of early stopping ask the class of the network itself for this method. */
    @Override
    public ComputationGraph clone() {
        return super.clone();
    }

    @Override
    public boolean hasMemory() {
        return memory != null;
    }

    @Override
    public void remember(List<String> frozen, Map<String, String> ofFrozen, BatchMemory ofPart) {
        kept = ofFrozen;
        below = new boolean[vertices.length];
        ends = vertices.clone();
        for (int i = 0; i < ends.length; i++) {
            below[i] = frozen.contains(vertices[i].getVertexName());
            if (below[i] && !(ends[i] instanceof FrozenVertex)) {
                ends[i] = new FrozenVertex(ends[i]);
            }
        }
        memory = ofPart;
    }

    @Override
    public void forget() {
        memory = null;
        ends = null;
    }

    @Override
    public void computeGradientAndScore() {
        steps = memory != null;
        try {
            super.computeGradientAndScore();
        } finally {
            steps = false;
        }
    }

    @Override
    protected synchronized Map<String, INDArray> ffToLayerActivationsInWS(
            boolean train,
            int last,
            int[] excluded,
            FwdPassType type,
            boolean store,
            INDArray[] features,
            INDArray[] masks,
            INDArray[] labelMasks,
            boolean clear) {
        if (!steps) {
            return super.ffToLayerActivationsInWS(
                    train, last, excluded, type, store, features, masks, labelMasks, clear);
        }
        int rows = Math.toIntExact(features[0].size(0));
        int epoch = getConfiguration().getEpochCount();
        LayerWorkspaceMgr mgr = manager(features[0]);
        Map<String, INDArray> activations;
        try (BatchMemory.Step step = memory.step(inputs(features, masks), rows, epoch)) {
            if (step.isKnown()) {
                setInputs(features);
                setLayerMaskArrays(masks, labelMasks);
                activations = startAt(step, mgr);
            } else {
                int[] above = IntStream.range(0, vertices.length)
                        .filter(i -> !vertices[i].isInputVertex() && !below[i])
                        .toArray();
                activations = super.ffToLayerActivationsInWS(
                        train, last, above, type, store, features, masks, labelMasks, clear);
                // Now: vertices above may write to their inputs.
                step.computed(kept(activations));
            }
        }
        runAbove(activations, excluded, mgr);
        return activations;
    }

    private Map<String, INDArray> inputs(INDArray[] features, INDArray[] masks) {
        Map<String, INDArray> inputs = new LinkedHashMap<>();
        for (int i = 0; i < features.length; i++) {
            inputs.put("input " + i, features[i]);
            if (masks != null && masks[i] != null) {
                inputs.put("mask " + i, masks[i]);
            }
        }
        return inputs;
    }

    private Map<String, INDArray> kept(Map<String, INDArray> activations) {
        Map<String, INDArray> named = new LinkedHashMap<>();
        kept.forEach((vertex, name) -> named.put(name, activations.get(vertex)));
        return named;
    }

    /** Gives vertices above what they get from inputs and from below. */
    private Map<String, INDArray> startAt(BatchMemory.Step step, LayerWorkspaceMgr mgr) {
        Map<String, INDArray> activations = new HashMap<>();
        for (int index : topologicalOrder) {
            GraphVertex vertex = vertices[index];
            String name = vertex.getVertexName();
            if (vertex.isInputVertex()) {
                pass(vertex, getInput(index), activations, mgr);
            } else if (kept.containsKey(name)) {
                INDArray taken = step.take(kept.get(name), array -> mgr.dup(ArrayType.ACTIVATIONS, array, 'c'));
                pass(vertex, taken, activations, mgr);
            }
        }
        return activations;
    }

    @SuppressWarnings("try") // The scope is not used but for being there.
    private void pass(GraphVertex vertex, INDArray output, Map<String, INDArray> activations, LayerWorkspaceMgr mgr) {
        activations.put(vertex.getVertexName(), output);
        try (MemoryWorkspace working = mgr.notifyScopeEntered(ArrayType.FF_WORKING_MEM)) {
            giveAbove(vertex, output, mgr);
        }
    }

    private void giveAbove(GraphVertex vertex, INDArray output, LayerWorkspaceMgr mgr) {
        VertexIndices[] consumers = vertex.getOutputVertices();
        if (consumers != null) {
            for (VertexIndices consumer : consumers) {
                if (!below[consumer.getVertexIndex()]) {
                    vertices[consumer.getVertexIndex()].setInput(consumer.getVertexEdgeNumber(), output, mgr);
                }
            }
        }
    }

    @SuppressWarnings("try") // The scope is not used but for being there.
    private void runAbove(Map<String, INDArray> activations, int[] excluded, LayerWorkspaceMgr mgr) {
        for (int index : topologicalOrder) {
            GraphVertex vertex = vertices[index];
            if (!vertex.isInputVertex()
                    && !below[index]
                    && IntStream.of(excluded).noneMatch(other -> other == index)) {
                try (MemoryWorkspace working = mgr.notifyScopeEntered(ArrayType.FF_WORKING_MEM)) {
                    INDArray output = vertex.doForward(true, mgr);
                    activations.put(vertex.getVertexName(), output);
                    giveAbove(vertex, output, mgr);
                }
            }
        }
    }

    /** As the stock forward pass has it. */
    private LayerWorkspaceMgr manager(INDArray features) {
        ComputationGraphConfiguration conf = getConfiguration();
        LayerWorkspaceMgr mgr;
        if (conf.getTrainingWorkspaceMode() == WorkspaceMode.NONE) {
            mgr = LayerWorkspaceMgr.noWorkspaces();
        } else {
            mgr = LayerWorkspaceMgr.builder()
                    .with(ArrayType.ACTIVATIONS, WS_ALL_LAYERS_ACT, WS_ALL_LAYERS_ACT_CONFIG)
                    .with(ArrayType.INPUT, WS_ALL_LAYERS_ACT, WS_ALL_LAYERS_ACT_CONFIG)
                    .with(ArrayType.FF_WORKING_MEM, WS_LAYER_WORKING_MEM, WS_LAYER_WORKING_MEM_CONFIG)
                    .with(ArrayType.RNN_FF_LOOP_WORKING_MEM, WS_RNN_LOOP_WORKING_MEM, WS_RNN_LOOP_WORKING_MEM_CONFIG)
                    .build();
            if (features.isAttached()) {
                mgr.setNoLeverageOverride(features.data().getParentWorkspace().getId());
            }
            if (conf.getCacheMode() != CacheMode.NONE) {
                mgr.setWorkspace(ArrayType.FF_CACHE, WS_ALL_LAYERS_ACT, WS_ALL_LAYERS_ACT_CONFIG);
            }
        }
        mgr.setHelperWorkspacePointers(helperWorkspaces);
        return mgr;
    }

    @Override
    protected void calcBackpropGradients(boolean clear, boolean truncated, INDArray... externalEpsilons) {
        if (!steps) {
            super.calcBackpropGradients(clear, truncated, externalEpsilons);
            return;
        }
        GraphVertex[] own = vertices;
        vertices = ends;
        try {
            super.calcBackpropGradients(clear, truncated, externalEpsilons);
        } finally {
            vertices = own;
        }
    }
}
