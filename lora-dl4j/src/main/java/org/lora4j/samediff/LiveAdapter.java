/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.format.peft.PeftFile;
import org.lora4j.method.AdapterMethod;
import org.lora4j.method.ModuleShape;
import org.lora4j.model.TrainableParameter;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * An adapter within a graph: its factors and full copies as the live arrays that graphs share and training updates.
 *
 * @param name the adapter's name
 * @param file what it was made from, with the fields of its file that are only carried along
 * @param method its method
 * @param modules factors by module path
 * @param copies fully trained parameters by parameter path
 */
record LiveAdapter(
        String name, PeftFile file, AdapterMethod method, Map<String, Part> modules, Map<String, Copy> copies) {

    LoraConfig config() {
        return file.config();
    }

    /** One live array; {@code variable} is its name in every graph. */
    record Live(String variable, INDArray array) {}

    /** The factors of one module by suffix. */
    record Part(GraphModule module, int rank, double scaling, Map<String, Live> factors) {

        /** Copies of the factors in PEFT's layout. */
        Map<String, INDArray> toPeft() {
            Map<String, INDArray> peft = new LinkedHashMap<>();
            factors.forEach(
                    (suffix, live) -> peft.put(suffix, module.factorLayout().toPeft(live.array(), module.shape())));
            return peft;
        }

        /** Whether the update is as large as the weight. */
        boolean isFullRank() {
            ModuleShape shape = module.shape();
            return rank >= Math.min(shape.fanIn(), shape.outputs()) || parameters() >= shape.parameters();
        }

        long parameters() {
            return factors.values().stream()
                    .mapToLong(live -> live.array().length())
                    .sum();
        }
    }

    /** A parameter of the base, trained fully. */
    record Copy(GraphParameter parameter, Live live) {}

    /** The values now. */
    Adapter snapshot() {
        Map<String, Map<String, INDArray>> factors = new LinkedHashMap<>();
        modules.forEach((path, part) -> factors.put(path, part.toPeft()));
        Map<String, INDArray> saved = new LinkedHashMap<>();
        copies.forEach((path, copy) ->
                saved.put(path, copy.parameter().toPeft(copy.live().array())));
        return Adapter.of(file, factors, saved);
    }

    /** Everything that learns when this adapter does. */
    List<TrainableParameter> parameters() {
        List<TrainableParameter> parameters = new ArrayList<>();
        modules.forEach((path, part) -> part.factors()
                .values()
                .forEach(live -> parameters.add(
                        new TrainableParameter(live.variable(), path, TrainableParameter.Kind.FACTOR, live.array()))));
        copies.values()
                .forEach(copy -> parameters.add(new TrainableParameter(
                        copy.live().variable(),
                        copy.parameter().module(),
                        copy.parameter().isVector(copy.live().array())
                                ? TrainableParameter.Kind.BIAS_OR_NORM
                                : TrainableParameter.Kind.WEIGHT,
                        copy.live().array())));
        return parameters;
    }
}
