/* SPDX-License-Identifier: Apache-2.0 */
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.lora4j.advice.DataAdvisor;
import org.lora4j.advice.DataReport;
import org.lora4j.advice.Suitability;
import org.lora4j.text.KFold;
import org.lora4j.text.LabelEvaluation;
import org.lora4j.text.LabeledText;
import org.lora4j.text.Prediction;
import org.lora4j.text.Split;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;
import org.lora4j.text.TextTable;

/** A first day with texts: a file with three mistakes, and all that docs/text.md shows for a classifier. */
public class Stranger {

    private static final String QUESTION = "has my card been sent?";

    public static void main(String[] args) throws Exception {
        Path file = Path.of("questions.csv");
        TextEncoder encoder = TextEncoder.named("all-minilm-l6-v2");
        List<LabeledText> train = mended(file, encoder);
        TextClassifier classifier = TextClassifier.builder(encoder).build().fit(train);
        require(classifier.predict(QUESTION).label().equals("card"), "the card: " + classifier.predict(QUESTION));
        say("learned");
        keep(classifier);
        judge(classifier, file, encoder);
        headOverAdapter(classifier, encoder, train);
        advice(encoder, train);
        say("a text day is over");
    }

    /** What is wrong with the file, from the messages, and what they say to do. */
    private static List<LabeledText> mended(Path file, TextEncoder encoder) throws Exception {
        String label = refusal(() -> TextTable.csv(file).labeled("text", "label"));
        require(label.contains("row 11 has an empty label"), label);
        Files.writeString(file, Files.readString(file).replace("I lost my card,", "I lost my card,card"));
        List<LabeledText> rows = TextTable.csv(file).labeled("text", "label");
        require(rows.get(11).labels().equals(List.of("card")), "the blank is gone: " + rows.get(11));
        String empty = refusal(() -> TextClassifier.builder(encoder).build().fit(rows));
        require(empty.contains("train[12] is an empty text") && empty.contains("skipEmpty()"), empty);
        TextClassifier skipping =
                TextClassifier.builder(encoder).headOnly().skipEmpty().quiet().build().fit(rows);
        require(skipping.report().notes().toString().contains("train[12]"), "" + skipping.report().notes());
        Files.writeString(file, Files.readString(file).replace("\n,rate\n", "\n"));
        say("the file is mended");
        return TextTable.csv(file).labeled("text", "label");
    }

    private static void keep(TextClassifier classifier) throws Exception {
        Prediction before = classifier.predict(QUESTION);
        classifier.save(Path.of("classifier"));
        try (TextClassifier again = TextClassifier.load(Path.of("classifier"))) {
            require(again.predict(QUESTION).equals(before), "another prediction after load");
            require(again.report().equals(classifier.report()), "another report after load: " + again.report());
            require(again.report().stopReason().isPresent(), "no reason of the end: " + again.report());
        }
        classifier.export(Path.of("exported"));
        String config = Files.readString(Path.of("exported", "config.json"));
        require(config.contains("\"card\"") && config.contains("\"rate\""), config);
        String twice = refusal(() -> classifier.export(Path.of("exported")));
        require(twice.contains("exported"), twice);
        say("saved, loaded, exported");
    }

    private static void judge(TextClassifier classifier, Path file, TextEncoder encoder) throws Exception {
        List<LabeledText> mixed =
                List.of(new LabeledText("where is it?", "card"), new LabeledText("is it raining?", "weather"));
        String unknown = refusal(() -> classifier.evaluate(mixed));
        require(unknown.contains("examples[1]") && unknown.contains("weather"), unknown);
        Split<TextTable> parts = TextTable.csv(file).splitByLabel("label", 0.2, 42);
        List<LabeledText> train = parts.train().labeled("text", "label");
        List<LabeledText> test = parts.validation().labeled("text", "label");
        require(train.size() + test.size() == 12 && test.size() >= 2, train.size() + " and " + test.size());
        KFold.Result<LabelEvaluation> folds = KFold.byLabel(train, LabeledText::labels, 3, 42)
                .evaluate(() ->
                        TextClassifier.builder(encoder).headOnly().quiet().build());
        require(folds.mean(LabelEvaluation::accuracy) > 0.6, "k folds: " + folds);
        require(classifier.evaluate(test).accuracy() > 0.6, "split: " + classifier.evaluate(test));
        say("measured");
    }

    /** A save of a head alone takes the place of the adapter, whose files are gone. */
    private static void headOverAdapter(TextClassifier first, TextEncoder encoder, List<LabeledText> train)
            throws Exception {
        Path directory = Path.of("classifier");
        require(Files.exists(directory.resolve("adapter_config.json")), "the first save is an adapter");
        TextClassifier head =
                TextClassifier.builder(encoder).headOnly().quiet().build().fit(train);
        head.save(directory);
        require(!Files.exists(directory.resolve("adapter_config.json")), "the old adapter is still there");
        try (TextClassifier again = TextClassifier.load(directory)) {
            require(again.predict(QUESTION).equals(head.predict(QUESTION)), "the head after load");
        }
        require(first.predict(QUESTION).label().equals("card"), "the first one, after the second");
        say("a head over an adapter");
    }

    private static void advice(TextEncoder encoder, List<LabeledText> train) {
        DataReport data = DataAdvisor.of(() -> TextClassifier.builder(encoder).quiet(), train, List.of());
        require(data.classSizes().sizes().get("card") == 7, "class sizes: " + data.classSizes());
        require(data.ranked().size() == data.advices().size(), "findings: " + data);
        Suitability forecast = Suitability.of(() -> TextClassifier.builder(encoder).quiet(), train);
        require(!forecast.advice().sentence().isEmpty(), "forecast: " + forecast);
        System.out.println(data);
        System.out.println(forecast);
        say("advised");
    }

    private interface Work {
        void run() throws Exception;
    }

    private static String refusal(Work call) {
        try {
            call.run();
        } catch (Exception e) {
            System.out.println("refused: " + e.getMessage());
            return e.getMessage();
        }
        throw new IllegalStateException("it was not refused");
    }

    private static void require(boolean holds, String found) {
        if (!holds) {
            throw new IllegalStateException(found);
        }
    }

    private static void say(String what) {
        System.out.println("- " + what);
    }
}
