/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples.service;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.lora4j.examples.Comparison;
import org.lora4j.examples.Example;
import org.lora4j.examples.Requests;

/** The story of a growing service: see {@link Story}. */
public final class ServiceExample {

    private ServiceExample() {}

    /**
     * Runs the example.
     *
     * @param args as {@link Example} has them, then how many domains: ten by default
     */
    public static void main(String[] args) {
        Example.main("example-service", args, ServiceExample::run);
    }

    private static void run(Example example) throws IOException {
        Optional<Requests> requests = Requests.of(example);
        if (requests.isPresent()) {
            Comparison accuracy = new Comparison("domains of fifteen intents", "accuracy", example.seed());
            for (long seed : example.seeds()) {
                List<Domain> domains = requests.get().domains().stream()
                        .limit(example.number(0, "service.domains", Story.BAD + 1, 10))
                        .map(name -> Domain.of(requests.get(), name, example.full(), seed))
                        .toList();
                new Story(example, seed, domains, accuracy).tell();
            }
            example.table(accuracy);
        }
    }
}
