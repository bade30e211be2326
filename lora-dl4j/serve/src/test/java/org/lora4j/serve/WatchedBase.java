/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntConsumer;
import org.lora4j.adapter.Adapter;
import org.lora4j.error.Problems;
import org.lora4j.serve.ServedUpdate.Part;
import org.lora4j.trust.TrustPolicy;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A base that tells which batches reach it, and that a test can make fail. */
final class WatchedBase implements ServedBase {

    private final ServedBase base = ServedGraph.server().base();

    /** The numbers of rows of all batches that were begun. */
    final List<Integer> batches = Collections.synchronizedList(new ArrayList<>());

    /** What the models had places for, in the order of their making. */
    final List<Map<String, Set<Part>>> parts = new ArrayList<>();

    /** Is told the rows of a batch before it is computed, and may throw. */
    volatile IntConsumer before = rows -> {};

    AdapterServer server(int maxRows, int concurrency) {
        return new AdapterServer(
                this, ServedGraph.example(), Long.MAX_VALUE, maxRows, concurrency, TrustPolicy.usual());
    }

    @Override
    public Map<String, DataType> inputs() {
        return base.inputs();
    }

    @Override
    public List<String> outputs() {
        return base.outputs();
    }

    @Override
    public void check(Map<String, INDArray> inputs, Problems problems) {
        base.check(inputs, problems);
    }

    @Override
    public Map<String, BaseModule> modules() {
        return base.modules();
    }

    @Override
    public Set<String> storedAs() {
        return base.storedAs();
    }

    @Override
    public String host() {
        return base.host();
    }

    @Override
    public Adapter plain(String name, Adapter adapter) {
        return base.plain(name, adapter);
    }

    @Override
    public MixedModel model(Map<String, Set<Part>> places) {
        parts.add(places);
        MixedModel model = base.model(places);
        return new MixedModel() {
            @Override
            public Map<String, INDArray> output(Map<String, INDArray> inputs, List<ServedAdapter> adapters) {
                batches.add(adapters.size());
                before.accept(adapters.size());
                return model.output(inputs, adapters);
            }

            @Override
            public void close() {
                model.close();
            }
        };
    }
}
