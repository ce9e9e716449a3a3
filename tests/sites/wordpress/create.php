<?php
// Installs WordPress: an administrator, and posts with every status.
define('WP_INSTALLING', true);
$database = new mysqli('localhost', 'root', '', '', 0, getenv('DATABASE_SOCKET'));
$database->query('CREATE DATABASE wordpress CHARACTER SET utf8mb4');

require __DIR__ . '/wp-load.php';
require ABSPATH . 'wp-admin/includes/upgrade.php';

wp_install('Breads', 'Editor', 'editor@example.com', true, '', 'password-of-Editor');
update_option('permalink_structure', '/%postname%/');
update_option('template', 'twentytwentythree');
update_option('stylesheet', 'twentytwentythree');
flush_rewrite_rules();
$posts = [
    ['rye', 'Rye bread', 'publish', ''],
    ['wheat', 'Wheat bread', 'publish', ''],
    ['spelt', 'Spelt bread', 'publish', ''],
    ['ledger', 'The secret ledger', 'private', ''],
    ['supper', 'Supper club', 'publish', 'soup'],
];
foreach ($posts as [$slug, $title, $status, $password]) {
    wp_insert_post([
        'post_name' => $slug,
        'post_title' => $title,
        'post_content' => "All about $slug: what-$slug-is.",
        'post_status' => $status,
        'post_password' => $password,
        'post_author' => 1,
        'comment_status' => 'open',
    ]);
}
echo 'installed';
