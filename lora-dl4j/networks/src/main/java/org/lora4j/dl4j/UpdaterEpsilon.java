/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.lora4j.error.Problems;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.IUpdater;

/**
 * Adam and its like divide by the root of a mean square plus epsilon. DL4J computes this in the type of the network, and an
 * epsilon of 1e-8 is 0 in HALF: a gradient of 0, as every A has it at the start, gives 0 / 0. Stock networks become NaN in
 * the same way as soon as a unit is silent.
 */
final class UpdaterEpsilon {

    private UpdaterEpsilon() {}

    /** What is wrong with the updaters of places that learn, in a network of a type. */
    static List<String> problems(DataType type, Collection<NetworkSite> learning) {
        Map<String, List<String>> places = new LinkedHashMap<>();
        for (NetworkSite site : learning) {
            for (IUpdater updater : site.updaters()) {
                double epsilon = epsilon(updater);
                if (epsilon > 0 && Nd4j.scalar(type, epsilon).getDouble(0) == 0) {
                    places.computeIfAbsent(
                                    updater.getClass().getSimpleName() + " with epsilon = " + epsilon,
                                    name -> new ArrayList<>())
                            .add(site.path());
                }
            }
        }
        List<String> problems = new ArrayList<>();
        places.forEach((updater, paths) -> problems.add("the updater of " + Problems.quoted(paths) + " is " + updater
                + ", which is 0 in " + type + ", so that the first step divides 0 by 0; expected 1e-4 or so, as in"
                + " new Adam(1e-3, 0.9, 0.999, 1e-4) by a FineTuneConfiguration, or a network in FLOAT"
                + " (convertDataType)"));
        return problems;
    }

    // Updaters share no accessor for it, but all write it by this name.
    private static double epsilon(IUpdater updater) {
        return NeuralNetConfiguration.mapper()
                .valueToTree(updater)
                .path("epsilon")
                .asDouble();
    }
}
