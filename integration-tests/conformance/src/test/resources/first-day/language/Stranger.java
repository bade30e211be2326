/* SPDX-License-Identifier: Apache-2.0 */
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.lora4j.config.LoraConfig;
import org.lora4j.language.CausalLm;
import org.lora4j.language.CausalLmTrainer;
import org.lora4j.language.ChatMessage;
import org.lora4j.language.Generation;
import org.lora4j.language.GenerationConfig;
import org.lora4j.language.LmExample;
import org.lora4j.language.LmFitReport;

/** A first day with a language model: three published forms of data, and all that docs/language-models.md shows for training. */
public class Stranger {

    private static final Path MODELS = Path.of("models");
    private static final Path BASE = MODELS.resolve("stories260k");
    private static final GenerationConfig GREEDY = GenerationConfig.greedy(20);
    private static final String ASKED = "Who ran?";
    private static final String ANSWER = " Can you see Tim?";

    /** Before the first character of a file, as editors of Windows put it there. */
    private static final String MARK = "\uFEFF";

    public static void main(String[] args) throws Exception {
        Path alpaca = Files.writeString(Path.of("alpaca.json"), MARK + """
                [{"instruction": "Who is there?", "input": "", "output": "Lily"},
                 {"instruction": "Say it twice.", "input": "no", "output": "no no"}]
                """);
        Path shared = Files.writeString(Path.of("sharegpt.jsonl"), MARK + """
                {"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello, Tim"}]}
                """);
        Path pairs = Files.writeString(Path.of("trl.jsonl"), MARK + """
                {"prompt": "Who ran?", "completion": " Can you see Tim?"}
                {"prompt": "Who sat?", "completion": " Can you see Lily?"}
                {"prompt": "Who fell?", "completion": " Can you see Mom?"}
                """);
        conversations(shared);
        try (CausalLm model = CausalLm.load(BASE)) {
            preview(model, "alpaca", alpaca, "Lily</s>");
            preview(model, "ShareGPT", shared, " Hello, Tim</s>");
            preview(model, "TRL", pairs, ANSWER + "</s>");
            adapters(model, LmExample.read(pairs));
            inFull(model.base(), LmExample.read(pairs).subList(0, 1));
        }
        say("a language day is over");
    }

    /** The model of the directory was never taught to converse; the message says where a template is looked for. */
    private static void conversations(Path shared) throws Exception {
        try (CausalLm model = CausalLm.load(BASE)) {
            String without = refusal(() -> CausalLmTrainer.builder(model).build().preview(LmExample.read(shared), 1));
            require(without.contains("chat_template.jinja"), without);
        }
        Files.writeString(
                BASE.resolve("chat_template.jinja"),
                "{% for m in messages %}{{ m.role }}: {{ m.content }}</s>{% endfor %}"
                        + "{% if add_generation_prompt %}assistant:{% endif %}");
        try (CausalLm model = CausalLm.load(BASE)) {
            List<ChatMessage> messages = List.of(ChatMessage.user("Hi"));
            require(model.chat(messages, GREEDY).newIds().length > 0, "no answer");
            List<Map<String, ?>> tools = List.of(Map.of("type", "function", "function", Map.of("name", "time")));
            String dropped = refusal(() -> model.chat(messages, tools, GREEDY));
            require(dropped.contains("no place for tools"), dropped);
        }
        say("a chat template, and no tools in it");
    }

    private static void preview(CausalLm model, String form, Path file, String learned) throws Exception {
        CausalLmTrainer trainer = CausalLmTrainer.builder(model).build();
        String shown = trainer.preview(LmExample.read(file), 1).sequences().get(0).learnedText();
        require(shown.equals(learned), form + ": <" + shown + ">");
        say("preview of " + form);
    }

    private static void adapters(CausalLm model, List<LmExample> train) throws Exception {
        CausalLmTrainer trainer = CausalLmTrainer.builder(model).build();
        LmFitReport report = trainer.fit(train);
        require(!report.losses().isEmpty() && report.stopReason().isPresent(), "" + report);
        String resumed = refusal(() -> trainer.resume(train));
        require(resumed.contains("checkpoints(Checkpoints.in(directory))"), resumed);
        LoraConfig wider = LoraConfig.builder().rank(16).alpha(32).targetModules("q_proj", "v_proj").build();
        String other = refusal(() ->
                CausalLmTrainer.builder(model).adapter(wider).quiet().build().fit(train));
        require(other.contains("rank") && other.contains("adapterName"), other);
        CausalLmTrainer.builder(model).adapter(wider).adapterName("second").quiet().build().fit(train);
        require(model.model().activeAdapters().equals(List.of("second")), "" + model.model().activeAdapters());
        model.save(Path.of("adapters"));
        try (CausalLm again = CausalLm.load(Path.of("adapters"), MODELS)) {
            require(again.model().adapterNames().size() == 2, "" + again.model().adapterNames());
            require(again.report().summary().equals(model.report().summary()), again.report().summary());
            String text = again.generate(ASKED, GREEDY).text();
            require(text.equals(model.generate(ASKED, GREEDY).text()), "after load: " + text);
        }
        say("two adapters in one save");
    }

    private static void inFull(CausalLm model, List<LmExample> train) throws Exception {
        String before = model.generate(ASKED, GREEDY).text();
        CausalLmTrainer.builder(model)
                .fullFineTuning().learningRate(1e-2).epochs(60).validationFraction(0).quiet().build().fit(train);
        require(model.generate(ASKED, GREEDY).text().equals(ANSWER), "with its blank: " + before);
        require(model.base().generate(ASKED, GREEDY).text().equals(before), "the base has changed");
        model.save(Path.of("whole"));
        model.export(Path.of("exported"));
        for (String place : List.of("whole", "exported")) {
            try (CausalLm again = CausalLm.load(Path.of(place))) {
                require(again.generate(ASKED, GREEDY).text().equals(ANSWER), place);
            }
        }
        GenerationConfig three =
                GenerationConfig.builder().doSample(true).maxNewTokens(8).numReturnSequences(3).build();
        Generation drawn = model.generate("Tim", three);
        require(drawn.sequences().size() == 3 && drawn.seed().isPresent(), "" + drawn.sequences());
        say("all weights: learned, saved, exported");
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
