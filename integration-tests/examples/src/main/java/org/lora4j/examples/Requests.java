/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.lora4j.integration.datasets.Clinc150;
import org.lora4j.integration.datasets.LabeledText;

/** Requests to an assistant, in ten domains of fifteen intents: CLINC150, the smaller set, which is among the resources. */
public final class Requests {

    /** The requests. */
    public static final DataFile FILE = new DataFile(
            "clinc150",
            "data_small.json",
            "050e17476e6b4fa88f8518edaf09921c8f5e3a86dc8b63615361102a20b2ac01",
            "the GitHub repository clinc/oos-eval, commit 828f8093932c8fe6ca7936c3d2e52903b1c523de");

    /** Which intents are in which domain. */
    public static final DataFile DOMAINS = new DataFile(
            FILE.set(),
            "domains.json",
            "b947b579d3b8e74b06f93b01083d8efaff2888b43a3e362533bd88a6e1211b3a",
            FILE.origin());

    private final Clinc150 published;

    private Requests(Clinc150 published) {
        this.published = published;
    }

    /**
     * Reads them.
     *
     * @param example the run
     * @return the requests; empty if a file is absent
     * @throws IOException if a file cannot be read, or is not the one that was published
     */
    public static Optional<Requests> of(Example example) throws IOException {
        Optional<Path> file = example.data(FILE);
        return file.isEmpty() || example.data(DOMAINS).isEmpty()
                ? Optional.empty()
                : Optional.of(new Requests(new Clinc150(file.get().getParent())));
    }

    /**
     * The domains.
     *
     * @return ten names, in the order of the file
     */
    public List<String> domains() {
        return published.domains();
    }

    /**
     * Requests of a domain, labeled by intent: of each intent those with some numbers, in an order drawn by the seed.
     *
     * @param part {@code train} (50 of an intent), {@code val} (20) or {@code test} (30)
     * @param domain one of {@link #domains}
     * @param from the first number, from 0
     * @param to behind the last number
     * @param seed of the order
     * @return the requests, sorted by intent
     */
    public List<org.lora4j.text.LabeledText> texts(String part, String domain, int from, int to, long seed) {
        List<LabeledText> drawn = LabeledText.draw(published.intents(part, domain), to, seed);
        return IntStream.range(0, drawn.size())
                .filter(i -> i % to >= from)
                .mapToObj(drawn::get)
                .map(text -> new org.lora4j.text.LabeledText(
                        text.text(), text.labels().first()))
                .toList();
    }

    /**
     * Requests that belong to no domain.
     *
     * @param part {@code train}, {@code val} (100 each) or {@code test} (1,000)
     * @return the requests
     */
    public List<String> outOfScope(String part) {
        return published.outOfScope(part);
    }
}
