/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lora4j.adapter.Adapter;
import org.lora4j.train.TrainingResult;
import org.lora4j.tribuo.base.BaseNetwork;
import org.lora4j.tribuo.base.BaseReference;
import org.lora4j.tribuo.input.InputConverter;
import org.lora4j.tribuo.output.OutputConverter;
import org.lora4j.tribuo.output.OutputScale;
import org.tribuo.ImmutableFeatureMap;
import org.tribuo.ImmutableOutputInfo;
import org.tribuo.Output;

/**
 * What a model is made of, beside its name and provenance.
 *
 * @param base the base; null if it was not found
 * @param reference how the base is named
 * @param adapter factors and head
 * @param inputs converts features
 * @param outputs converts outputs
 * @param rows name of the output for each row of the head
 * @param scales how outputs are standardized
 * @param features feature domain
 * @param domain output domain
 * @param headMode where the head comes from
 * @param batchSize number of examples that are predicted together
 * @param format what is serialized
 * @param training the run that made it; empty of a model that was read
 */
record ModelParts<T extends Output<T>>(
        BaseNetwork base,
        BaseReference reference,
        Adapter adapter,
        InputConverter inputs,
        OutputConverter<T> outputs,
        List<String> rows,
        Map<String, OutputScale> scales,
        ImmutableFeatureMap features,
        ImmutableOutputInfo<T> domain,
        HeadMode headMode,
        int batchSize,
        ModelFormat format,
        Optional<TrainingResult> training) {

    ModelParts {
        rows = List.copyOf(rows);
        scales = Collections.unmodifiableMap(new LinkedHashMap<>(scales));
    }

    /** What a run of a trainer made. */
    ModelParts(
            LoraTrainer<T> trainer,
            TrainingResult training,
            Adapter adapter,
            List<String> rows,
            Map<String, OutputScale> scales,
            ImmutableFeatureMap features,
            ImmutableOutputInfo<T> domain) {
        this(
                trainer.base,
                trainer.base.reference(),
                adapter,
                trainer.inputConverter,
                trainer.outputConverter,
                rows,
                scales,
                features,
                domain,
                trainer.headMode,
                trainer.predictionBatchSize,
                trainer.modelFormat,
                Optional.of(training));
    }

    ModelParts<T> withBase(BaseNetwork found) {
        return new ModelParts<>(
                found, reference, adapter, inputs, outputs, rows, scales, features, domain, headMode, batchSize, format,
                training);
    }

    ModelParts<T> withFormat(ModelFormat other) {
        return new ModelParts<>(
                base, reference, adapter, inputs, outputs, rows, scales, features, domain, headMode, batchSize, other,
                training);
    }
}
