/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The page runs its own script alone, and builds nothing from text but text. */
class PageTest {

    @Test
    void page_hasAPolicyThatAllowsItsOwnScriptAndStyleAlone() throws Exception {
        try (LoraServer server = LoraServer.builder()
                .encoder("tiny", TinyTasks.ENCODER)
                .token("token-of-callers")
                .port(0)
                .start()) {
            Asked.Answer page = Asked.get(server.uri(), "/");
            assertThat(page.status()).isEqualTo(200);
            assertThat(page.header("Content-Type")).isEqualTo("text/html; charset=utf-8");
            String policy = page.header("Content-Security-Policy");
            assertThat(policy)
                    .startsWith("default-src 'none'; ")
                    .contains("script-src 'sha256-", "frame-ancestors 'none'")
                    .doesNotContain("unsafe");
            for (String element : new String[] {"script", "style"}) {
                Matcher content = Pattern.compile("<" + element + ">(.*?)</" + element + ">", Pattern.DOTALL)
                        .matcher(page.text());
                assertThat(content.find()).isTrue();
                byte[] hash = MessageDigest.getInstance("SHA-256")
                        .digest(content.group(1).getBytes(StandardCharsets.UTF_8));
                assertThat(policy)
                        .contains(
                                element + "-src 'sha256-" + Base64.getEncoder().encodeToString(hash) + "'");
            }
            assertThat(page.text())
                    .doesNotContain("innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(", " style=")
                    .doesNotContainPattern(" on[a-z]+=")
                    .doesNotContain("http://", "https://");
        }
    }
}
