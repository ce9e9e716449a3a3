<?php
// Plugin Name: edge-isr

// Pages for all: an hour at the edge, and no time in browsers.
add_action('template_redirect', function () {
    if (is_user_logged_in() || is_404() || is_preview() || is_search()) return;
    $id = is_singular() ? get_queried_object_id() : 0;
    if ($id && get_post($id)->post_password) return header('Cache-Control: private');
    header('Cache-Control: public, max-age=0, s-maxage=3600, stale-while-revalidate=86400');
    header('Cache-Tag: ' . ($id ? "post-$id" : 'posts'));
});

// A post that was changed: soft, or hard where it is not public any more.
add_action('wp_after_insert_post', function ($id, $post) {
    $mode = $post->post_status === 'publish' && !$post->post_password ? 'soft' : 'hard';
    $headers = ['Authorization' => 'Bearer ' . EDGE_TOKEN];
    $body = json_encode(['tags' => ["post-$id", 'posts'], 'mode' => $mode]);
    if (EDGE) wp_remote_post(EDGE . '/edge-isr/purge', ['headers' => $headers, 'body' => $body]);
}, 10, 2);
