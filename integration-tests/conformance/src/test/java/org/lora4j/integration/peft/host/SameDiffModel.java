/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft.host;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.config.LoraConfig;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.samediff.LoraStart;
import org.lora4j.samediff.StartedAdapter;
import org.lora4j.train.Batch;
import org.lora4j.train.Trainable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A golden network as an adapted SameDiff graph. */
final class SameDiffModel extends AdaptedHostModel<AdaptedSameDiff> {

    private final Net net;
    private final INDArray target;

    SameDiffModel(Net net, INDArray target) {
        super(AdaptedSameDiff.of(net.layers().graph()));
        this.net = net;
        this.target = target;
    }

    @Override
    public INDArray output() {
        return model().output(net.inputs(), SameDiffHost.OUTPUT).get(SameDiffHost.OUTPUT);
    }

    @Override
    public StartedAdapter addStarted(
            String name, LoraStart start, LoraConfig config, List<Map<String, INDArray>> batches) {
        StartedAdapter started = start.of(
                model(),
                config,
                batches.stream().map(batch -> Batch.of(batch, 1)).toList());
        model().startAdapter(name, started);
        return started;
    }

    @Override
    public Merged mergeAndUnload() {
        SameDiff merged = model().mergeAndUnload();
        INDArray output = merged.output(net.inputs(), SameDiffHost.OUTPUT).get(SameDiffHost.OUTPUT);
        return new Merged(output, net.layers().weights(merged));
    }

    @Override
    public Trainable trainable(String adapter) {
        learnAlone(adapter);
        return model();
    }

    @Override
    public Batch batch() {
        Map<String, INDArray> placeholders = new LinkedHashMap<>(net.inputs());
        if (target != null) {
            placeholders.put(SameDiffHost.TARGET, target);
        }
        return Batch.of(placeholders, 1);
    }
}
